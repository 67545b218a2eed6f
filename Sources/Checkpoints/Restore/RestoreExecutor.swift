package import CheckpointIO
import CheckpointGraph
import CheckpointTensors

/// Carries out a restore: reads what a plan says, and puts it into the variables.
package struct RestoreExecutor {
  private let reader: any TensorReader
  private let options: RestoreOptions

  package init(reader: any TensorReader, options: RestoreOptions) {
    self.reader = reader
    self.options = options
  }

  /// Meets every request of a plan.
  ///
  /// - Throws: `corrupt` or `truncated` for a damaged tensor, `io` if the system fails. What has
  ///   changed by then, ``RestoreOptions/Placement`` says, and so does the error.
  package func restore(_ plan: RestorePlan) throws(CheckpointError) -> RestoreReport {
    switch options.placement {
    case .transactional: try restoreTogether(plan.requests, reader.tensors(for:))
    case .mapped(let isChecked):
      try restoreTogether(plan.requests) { requests throws(CheckpointError) in
        try reader.mappedTensors(for: requests, isChecked: isChecked)
      }
    case .replacing: try restoreOneByOne(plan.requests, replace)
    case .inPlace: try restoreOneByOne(plan.requests, fill)
    }
    return plan.finishedReport
  }

  private func restoreTogether(
    _ requests: [RestorePlan.Request],
    _ read: ([TensorRequest]) throws(CheckpointError) -> [AnyTensor]
  ) throws(CheckpointError) {
    let tensors = try read(requests.map(\.tensorRequest))
    var restored: [(variable: any TensorVariable, before: AnyTensor)] = []
    restored.reserveCapacity(requests.count)
    for (request, tensor) in zip(requests, tensors) {
      do throws(CheckpointError) {
        let before = try request.variable.tensorSnapshot()
        try set(fitting(tensor, request), request)
        restored.append((request.variable, before))
      } catch {
        // A variable's own type refused: the others get their values back.
        for (variable, before) in restored { try? Self.set(before, variable) }
        throw error.located(file: reader.path, key: request.key.description)
      }
    }
  }

  // In the order in which they are read fastest.
  private func restoreOneByOne(
    _ requests: [RestorePlan.Request],
    _ restore: (RestorePlan.Request, any TensorSource) throws(CheckpointError) -> Void
  ) throws(CheckpointError) {
    var count = 0
    try reader.forEachTensor(of: requests.map(\.tensorRequest)) {
      index,
      source throws(CheckpointError) in
      do throws(CheckpointError) {
        try restore(requests[index], source)
      } catch {
        var error = error.located(file: reader.path, key: requests[index].key.description)
        error.message += "; \(count) of \(requests.count) variables have changed before"
        throw error
      }
      count += 1
    }
  }

  private func replace(
    _ request: RestorePlan.Request,
    _ source: any TensorSource
  ) throws(CheckpointError) {
    try set(fitting(source.tensor(), request), request)
  }

  private func fill(
    _ request: RestorePlan.Request,
    _ source: any TensorSource
  ) throws(CheckpointError) {
    var variable = request.variable
    do throws(CheckpointError) {
      let filled = try variable.fillTensorBytes { bytes throws(CheckpointError) in
        try source.read(into: &bytes)
      }
      if filled { return }
    } catch {
      var error = error
      error.message += "; this variable's values are undefined now"
      throw error
    }
    try replace(request, source)
  }

  private func fitting(
    _ tensor: AnyTensor,
    _ request: RestorePlan.Request
  ) throws(CheckpointError) -> AnyTensor {
    let shape = request.variable.tensorSpec.shape
    return tensor.spec.shape == shape ? tensor : try tensor.reshaped(to: shape)
  }

  private func set(
    _ tensor: AnyTensor,
    _ request: RestorePlan.Request
  ) throws(CheckpointError) {
    try Self.set(tensor, request.variable)
  }

  private static func set(
    _ tensor: AnyTensor,
    _ variable: any TensorVariable
  ) throws(CheckpointError) {
    var variable = variable  // a reference: what changes is what it refers to
    try variable.setTensor(tensor)
  }
}

extension RestorePlan.Request {
  fileprivate var tensorRequest: TensorRequest { TensorRequest(key, slice: part?.slice) }
}
