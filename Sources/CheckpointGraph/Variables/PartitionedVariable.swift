public import CheckpointIO
public import CheckpointTensors

/// A tensor that a program keeps in several variables: stored under one key, in slices.
///
///     let table = try PartitionedVariable([low, high], axis: 0, name: "embedding")
///     try Saver([table, bias]).save(to: "run/model")
///
/// Each part is saved as the slice that it is. It is restored from whatever covers it: the whole
/// tensor, or slices of any other cut; and one variable can be restored from what was saved in parts.
/// A ``Checkpoint`` treats it as one variable, too.
/// Source: tensorflow/python/training/saving/saveable_object_util.py, `op_list_to_dict`.
public final class PartitionedVariable {
  /// A variable, and where its values belong.
  public struct Part {
    /// The variable.
    public let variable: any TensorVariable
    /// Its place in the whole, with all numbers.
    public let region: TensorRegion

    /// Its place as files have it.
    ///
    /// Extents are written out, as TensorFlow does for partitioned variables; only an empty dimension
    /// has no other form than `-`.
    public var slice: TensorSlice {
      TensorSlice(
        zip(region.starts, region.shape.dimensions).map { start, length in
          length == 0 ? .full : .range(start: start, length: length)
        })
    }
  }

  /// The name of the whole.
  public let name: String?
  /// The dtype and the shape of the whole.
  public let tensorSpec: TensorSpec
  /// The parts, in the order in which they were given.
  public let parts: [Part]

  /// Puts variables side by side along one dimension.
  ///
  /// - Parameters:
  ///   - variables: The parts, in order. Those without elements are left out: there is nothing to be
  ///     saved.
  ///   - axis: The dimension; all others are the same.
  ///   - name: The name of the whole.
  /// - Throws: `invalidArgument` if there is no variable, or no such dimension; otherwise as for
  ///   variables at given slices.
  public convenience init(_ variables: [any TensorVariable], axis: Int, name: String? = nil)
    throws(CheckpointError)
  {
    guard var shape = variables.first?.tensorSpec.shape.dimensions, shape.indices.contains(axis)
    else {
      throw CheckpointError(
        .invalidArgument, "\(variables.count) variables cannot be joined along dimension \(axis)",
        key: name)
    }
    shape[axis] = 0
    var parts: [(TensorSlice, any TensorVariable)] = []
    for variable in variables {
      let dimensions = variable.tensorSpec.shape.dimensions
      let length = dimensions.count > axis ? dimensions[axis] : 0
      guard length > 0 || dimensions.count != shape.count else { continue }
      var extents: [TensorSlice.Extent] = shape.map { _ in .full }
      extents[axis] = .range(start: shape[axis], length: length)
      let (end, overflow) = shape[axis].addingReportingOverflow(length)
      shape[axis] = overflow ? .max : end
      parts.append((TensorSlice(extents), variable))
    }
    if parts.isEmpty { parts = variables.prefix(1).map { (.all(rank: shape.count), $0) } }
    try self.init(parts, shape: TensorShape(stored: shape), name: name)
  }

  /// Puts variables at their places in a tensor.
  ///
  /// - Parameters:
  ///   - parts: The place of each variable, and the variable.
  ///   - shape: The shape of the whole.
  ///   - name: The name of the whole.
  ///   - allowsGaps: Whether some of the whole may be missing: for a process that has a part of it.
  /// - Throws: One error with every problem: `mismatch` for variables of other dtypes, of another
  ///   shape than their place, for places that leave the whole or overlap, or leave gaps;
  ///   `duplicateName` for a variable that occurs twice; `invalidArgument` if there is none.
  public init(
    _ parts: [(TensorSlice, any TensorVariable)], shape: TensorShape, name: String? = nil,
    allowsGaps: Bool = false
  ) throws(CheckpointError) {
    let check = PartitionCheck(parts, shape: shape)
    let problems = check.problems + (allowsGaps ? [] : check.gaps)
    let error = CheckpointError.combining(problems.map { $0.located(key: name) }) {
      "these variables do not make one tensor, for \($0) reasons"
    }
    if let error { throw error }
    self.name = name
    tensorSpec = TensorSpec(check.dtype, shape)
    self.parts = zip(parts, check.regions).map { Part(variable: $0.1, region: $1) }
  }

  private init(_ whole: PartitionedVariable, _ parts: [Part]) {
    name = whole.name
    tensorSpec = whole.tensorSpec
    self.parts = parts
  }

  /// The same with copies of its parts.
  ///
  /// - Parameter copy: Makes one.
  /// - Returns: A variable at the same places.
  /// - Throws: What `copy` throws.
  package func copied(_ copy: (any TensorVariable) throws(CheckpointError) -> any TensorVariable)
    throws(CheckpointError) -> PartitionedVariable
  {
    PartitionedVariable(
      self,
      try parts.map { part throws(CheckpointError) in
        Part(variable: try copy(part.variable), region: part.region)
      })
  }

  /// Whether the parts are all of it.
  public var isComplete: Bool {
    parts.reduce(0) { $0 + $1.region.shape.elementCount } == tensorSpec.shape.elementCount
  }
}

extension PartitionedVariable: TensorVariable {
  /// Calls `body` with the elements of the whole, copied together.
  ///
  /// - Throws: `unsupported` if parts are missing, or if the elements have no fixed width.
  public func withTensorBytes<Result>(_ body: (RawSpan) throws(CheckpointError) -> Result)
    throws(CheckpointError) -> Result
  {
    try tensorSnapshot().withTensorBytes(body)
  }

  /// The elements of the whole, copied together.
  public func tensorSnapshot() throws(CheckpointError) -> AnyTensor {
    guard isComplete else {
      throw CheckpointError(.unsupported, "only some parts of this tensor are here", key: name)
    }
    let whole = TensorRegion(all: tensorSpec.shape)
    var joined = try TensorJoin(tensorSpec)
    for part in parts {
      let runs = ElementRuns(of: part.region, from: part.region, to: whole)
      try joined.add(part.variable.tensorSnapshot(), runs)
    }
    return try joined.tensor()
  }

  /// Gives each part its values out of a tensor.
  ///
  /// - Throws: What a part throws; those before it have their values back then.
  public func setTensor(_ tensor: AnyTensor) throws(CheckpointError) {
    guard tensor.spec == tensorSpec else {
      throw CheckpointError(.mismatch, "this is \(tensor.spec), the parts make a \(tensorSpec)")
    }
    var before: [AnyTensor] = []
    do throws(CheckpointError) {
      for part in parts {
        let values = try tensor.part(part.slice)
        before.append(try part.variable.tensorSnapshot())
        try Self.set(values, part.variable)
      }
    } catch {
      for (values, part) in zip(before, parts) { try? Self.set(values, part.variable) }
      throw error
    }
  }

  private static func set(_ tensor: AnyTensor, _ variable: any TensorVariable)
    throws(CheckpointError)
  {
    var variable = variable  // a reference: what changes is what it refers to
    try variable.setTensor(tensor)
  }
}

/// Whether variables fit together.
private struct PartitionCheck {
  /// The dtype that they have in common.
  let dtype: DType
  /// Their places.
  private(set) var regions: [TensorRegion] = []
  /// What is wrong.
  private(set) var problems: [CheckpointError] = []
  /// What is missing, if nothing else is wrong.
  private(set) var gaps: [CheckpointError] = []

  init(_ parts: [(TensorSlice, any TensorVariable)], shape: TensorShape) {
    dtype = parts.first?.1.tensorSpec.dtype ?? .float32
    guard !parts.isEmpty else {
      problems = [CheckpointError(.invalidArgument, "a partitioned variable needs a part")]
      return
    }
    var known: Set<ObjectIdentifier> = []
    for (index, (slice, variable)) in parts.enumerated() {
      check(slice, variable.tensorSpec, of: shape, "part \(index)")
      if !known.insert(ObjectIdentifier(variable)).inserted {
        note(.duplicateName, "part \(index) is a variable that is a part already")
      }
    }
    if problems.isEmpty { checkTogether(parts.map(\.0), shape) }
  }

  private mutating func check(
    _ slice: TensorSlice, _ spec: TensorSpec, of shape: TensorShape, _ what: String
  ) {
    if spec.dtype != dtype {
      note(.mismatch, "\(what) is \(spec.dtype.name), the first one is \(dtype.name)")
    }
    do throws(CheckpointError) {
      let region = try slice.region(in: shape)
      regions.append(region)
      guard region.shape != spec.shape else { return }
      note(.mismatch, "\(what) has the shape \(spec.shape), its place \(slice) has \(region.shape)")
    } catch {
      problems.append(CheckpointError(error.code, "\(what): \(error.message)"))
    }
  }

  private mutating func checkTogether(_ slices: [TensorSlice], _ shape: TensorShape) {
    do throws(CheckpointError) {
      let count = try StoredParts(slices, of: shape).elementCount
      guard count < shape.elementCount else { return }
      gaps = [
        CheckpointError(
          .mismatch,
          "the parts have \(count) of the \(shape.elementCount) elements of \(shape); allowsGaps "
            + "takes them all the same")
      ]
    } catch {
      problems.append(error)
    }
  }

  private mutating func note(_ code: CheckpointError.Code, _ message: String) {
    problems.append(CheckpointError(code, message))
  }
}
