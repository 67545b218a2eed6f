public import CheckpointIO
public import CheckpointTensors

/// A change of values on their way from a checkpoint to a program.
public enum TensorTransform: Sendable, Hashable {
  /// The dimensions change places: dimension `i` of the result is dimension `axes[i]`.
  case transpose([Int])
  /// The elements get other dimensions; one of them may be -1, and is worked out.
  case reshape([Int])
  /// A part is taken.
  case slice(TensorSlice)
  /// The elements get another type. A value that it cannot hold is an error; a number with more
  /// digits is rounded.
  case convert(to: DType)

  /// What a tensor of `spec` becomes.
  ///
  /// - Parameter spec: What it is.
  /// - Returns: What it becomes.
  /// - Throws: `mismatch` if this cannot be done to such a tensor.
  public func applied(to spec: TensorSpec) throws(CheckpointError) -> TensorSpec {
    switch self {
    case .transpose(let axes):
      guard axes.sorted() == Array(0..<spec.shape.rank) else {
        throw CheckpointError(
          .mismatch, "\(axes) does not name each dimension of \(spec.shape) once")
      }
      // An empty tensor's dimensions may be too large in another order.
      let dimensions = axes.map { spec.shape[$0] }
      return TensorSpec(spec.dtype, try TensorShape(stored: dimensions))
    case .reshape(let dimensions):
      return TensorSpec(spec.dtype, try Self.shape(dimensions, of: spec.shape))
    case .slice(let slice):
      return TensorSpec(spec.dtype, try slice.region(in: spec.shape).shape)
    case .convert(let dtype):
      guard ScalarConversion.canConvert(spec.dtype, to: dtype) else {
        throw CheckpointError(.mismatch, "\(spec.dtype.name) is not converted to \(dtype.name)")
      }
      return TensorSpec(dtype, spec.shape)
    }
  }

  private static func shape(_ dimensions: [Int], of shape: TensorShape) throws(CheckpointError)
    -> TensorShape
  {
    var known = dimensions
    if let open = dimensions.firstIndex(of: -1) {
      let others = dimensions.enumerated().filter { $0.offset != open }.map(\.element)
      let count = (try? TensorShape(stored: others))?.elementCount ?? 0
      if count > 0 { known[open] = shape.elementCount / count }
    }
    guard let result = try? TensorShape(stored: known), result.elementCount == shape.elementCount
    else {
      throw CheckpointError(
        .mismatch, "the \(shape.elementCount) elements of \(shape) do not fill \(dimensions)")
    }
    return result
  }

  /// The tensor with its values changed.
  func applied(to tensor: AnyTensor) throws(CheckpointError) -> AnyTensor {
    let spec = try applied(to: tensor.spec)
    switch self {
    case .reshape: return try tensor.reshaped(to: spec.shape)
    case .convert(let dtype): return try ScalarConversion.convert(tensor, to: dtype)
    case .slice(let slice):
      let (whole, part) = (
        TensorRegion(all: tensor.spec.shape), try slice.region(in: tensor.spec.shape)
      )
      return try tensor.elements(spec) { copy in
        for run in ElementRuns(of: part, from: whole, to: part) {
          copy(run.source, run.target, run.count)
        }
      }
    case .transpose(let axes): return try Self.transpose(tensor, axes, spec)
    }
  }

  private static func transpose(_ tensor: AnyTensor, _ axes: [Int], _ spec: TensorSpec)
    throws(CheckpointError) -> AnyTensor
  {
    let strides = tensor.spec.shape.strides
    let steps = axes.map { strides[$0] }
    let lengths = spec.shape.dimensions
    return try tensor.elements(spec) { copy in
      var indices = Array(repeating: 0, count: lengths.count)
      var source = 0
      for target in 0..<spec.shape.elementCount {
        copy(source, target, 1)
        for axis in lengths.indices.reversed() {
          indices[axis] += 1
          source += steps[axis]
          guard indices[axis] == lengths[axis] else { break }
          source -= steps[axis] * lengths[axis]
          indices[axis] = 0
        }
      }
    }
  }
}

extension AnyTensor {
  /// A new tensor, its elements copied from this one.
  ///
  /// - Parameters:
  ///   - spec: What it is; of the same dtype.
  ///   - arrange: Gets a function that copies elements: from where, to where, how many. It has to
  ///     fill the new tensor.
  /// - Returns: The new tensor.
  /// - Throws: `mismatch` for one that memory cannot hold.
  func elements(
    _ spec: TensorSpec, _ arrange: ((_ source: Int, _ target: Int, _ count: Int) -> Void) -> Void
  ) throws(CheckpointError) -> AnyTensor {
    if let strings {
      var result = [[UInt8]](repeating: [], count: spec.shape.elementCount)
      arrange { source, target, count in
        for index in 0..<count { result[target + index] = strings[source + index] }
      }
      return try AnyTensor(spec, .strings(result))
    }
    guard let storage, let width = spec.dtype.byteWidth, let byteCount = spec.byteCount else {
      throw CheckpointError(.mismatch, "a tensor \(spec) cannot be held in memory")
    }
    let result = TensorStorage(uninitializedByteCount: byteCount)
    try result.withMutableBytes { bytes throws(CheckpointError) in
      arrange { source, target, count in
        let part = source * width..<(source + count) * width
        bytes.copy(storage.bytes.extracting(part), to: target * width)
      }
    }
    return try AnyTensor(spec, .bytes(result))
  }
}
