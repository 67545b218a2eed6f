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
    case .transactional: try restoreTogether(plan.requests)
    case .replacing: try restoreOneByOne(plan.requests, replace)
    case .inPlace: try restoreOneByOne(plan.requests, fill)
    }
    return plan.finishedReport
  }

  private func restoreTogether(_ requests: [RestorePlan.Request]) throws(CheckpointError) {
    let tensors = try reader.tensors(
      for: requests.map { TensorRequest($0.key, slice: $0.part?.slice) }
    )
    var restored: [(variable: any TensorVariable, before: AnyTensor)] = []
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

  private func restoreOneByOne(
    _ requests: [RestorePlan.Request],
    _ restore: (RestorePlan.Request) throws(CheckpointError) -> Void
  ) throws(CheckpointError) {
    for (index, request) in requests.enumerated() {
      do throws(CheckpointError) {
        try restore(request)
      } catch {
        var error = error.located(file: reader.path, key: request.key.description)
        error.message += "; \(index) of \(requests.count) variables have changed before"
        throw error
      }
    }
  }

  private func replace(_ request: RestorePlan.Request) throws(CheckpointError) {
    try set(try tensor(for: request), request)
  }

  private func fill(_ request: RestorePlan.Request) throws(CheckpointError) {
    let (key, slice) = (request.key, request.part?.slice)
    var variable = request.variable
    do throws(CheckpointError) {
      let filled = try variable.fillTensorBytes { bytes throws(CheckpointError) in
        try reader.read(key, slice: slice, into: &bytes)
      }
      if filled { return }
    } catch {
      var error = error
      error.message += "; this variable's values are undefined now"
      throw error
    }
    try replace(request)
  }

  private func tensor(for request: RestorePlan.Request) throws(CheckpointError) -> AnyTensor {
    try fitting(reader.tensor(for: request.key, slice: request.part?.slice), request)
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
