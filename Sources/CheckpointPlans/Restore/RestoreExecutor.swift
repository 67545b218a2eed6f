package import CheckpointIO
import CheckpointGraph
package import CheckpointTensors

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
    let batch = plan.batch
    switch options.placement {
    case .transactional: try restoreTogether(plan.requests, batch.tensors())
    case .mapped(let isChecked):
      try restoreTogether(plan.requests, batch.mappedTensors(isChecked: isChecked))
    case .replacing: try restoreOneByOne(plan.requests, batch, replace)
    case .inPlace: try restoreOneByOne(plan.requests, batch, fill)
    }
    return plan.finishedReport
  }

  /// What reads the values of a plan, all of them: for another thread.
  ///
  /// - Returns: Throws as ``restore(_:)`` does; no variable has changed then.
  package func reading(_ plan: RestorePlan) -> @Sendable () throws(CheckpointError) -> [AnyTensor] {
    let (batch, placement) = (plan.batch, options.placement)
    return { () throws(CheckpointError) in
      guard case .mapped(let isChecked) = placement else { return try batch.tensors() }
      return try batch.mappedTensors(isChecked: isChecked)
    }
  }

  /// Meets every request of a plan with values that have been read.
  ///
  /// - Throws: `mismatch` if a variable has changed its dtype or shape meanwhile; what a variable's own type
  ///   throws. All variables have the values from before then.
  package func restore(_ plan: RestorePlan, _ tensors: consuming [AnyTensor])
    throws(CheckpointError) -> RestoreReport
  {
    for (index, request) in plan.requests.enumerated() {
      try check(tensors[index].spec, request)
    }
    try restoreTogether(plan.requests, tensors)
    return plan.finishedReport
  }

  // Checks once more: the program has gone on since the plan was made, and may have changed the variable.
  private func check(_ spec: TensorSpec, _ request: RestorePlan.Request) throws(CheckpointError) {
    let wanted = request.variable.tensorSpec
    let isReshaped = options.allowsReshape
    let fits = isReshaped ? wanted.shape.elementCount == spec.shape.elementCount : wanted == spec
    guard wanted.dtype == spec.dtype, fits else {
      throw CheckpointError(
        .mismatch,
        "the variable became \(wanted) while \(spec) was read for it; nothing has been changed: let a "
          + "restore end before you change what it restores", file: reader.path,
        key: request.key.description)
    }
  }

  private func restoreTogether(_ requests: [RestorePlan.Request], _ tensors: consuming [AnyTensor])
    throws(CheckpointError)
  {
    let places = requests.span  // looked at in their places: copies would count references
    for index in places.indices {
      do throws(CheckpointError) {
        let variable = places[index].variable
        let before = try variable.tensorSnapshot()
        try set(tensors[index], variable)
        tensors[index] = before
      } catch {
        // A variable's own type refused: the others get their values back, the last one first.
        for done in (0..<index).reversed() {
          var variable = places[done].variable  // a reference: what changes is what it refers to
          try? variable.setTensor(tensors[done])
        }
        var error = error.located(file: reader.path, key: places[index].key.description)
        error.hasChangedVariables = index > 0
        throw error
      }
    }
  }

  // In the order in which they are read fastest.
  private func restoreOneByOne(
    _ requests: [RestorePlan.Request], _ batch: any TensorBatch,
    _ restore: (any TensorVariable, any TensorSource) throws(CheckpointError) -> Void
  ) throws(CheckpointError) {
    var (count, undefined) = (0, "")
    do throws(CheckpointError) {
      try batch.forEachTensor { index, source throws(CheckpointError) in
        do throws(CheckpointError) {
          try restore(requests.span[index].variable, source)
        } catch {
          if error.hasChangedVariables { undefined = Self.undefined }
          throw error.located(file: reader.path, key: requests[index].key.description)
        }
        count += 1
      }
    } catch {
      var error = error  // the reader may have found another cause for it
      error.message += "\(undefined); \(count) of \(requests.count) variables have changed before"
      error.hasChangedVariables = count > 0 || !undefined.isEmpty
      throw error
    }
  }

  private static let undefined = "; this variable's values are undefined now"

  private func replace(_ variable: any TensorVariable, _ source: any TensorSource)
    throws(CheckpointError)
  {
    try set(source.tensor(), variable)
  }

  private func fill(_ variable: any TensorVariable, _ source: any TensorSource)
    throws(CheckpointError)
  {
    var filled = variable  // a reference: what changes is what it refers to
    do throws(CheckpointError) {
      let isFilled = try filled.fillTensorBytes { bytes throws(CheckpointError) in
        try source.read(into: &bytes)
      }
      if isFilled { return }
    } catch {
      var error = error
      error.hasChangedVariables = true
      throw error
    }
    try replace(variable, source)
  }

  private func set(_ tensor: AnyTensor, _ variable: any TensorVariable) throws(CheckpointError) {
    var variable = variable  // a reference: what changes is what it refers to
    guard options.allowsReshape else { return try variable.setTensor(tensor) }
    try variable.setTensor(tensor.reshaped(to: variable.tensorSpec.shape))
  }
}
