public import CheckpointIO
public import CheckpointTensors

extension KeyMapping {
  /// A change of values on their way from a checkpoint to a program.
  public enum Transform: Sendable, Hashable {
    /// The dimensions change places: dimension `i` of the result is dimension `axes[i]`.
    case transpose([Int])
    /// The elements get other dimensions; one of them may be -1, and is worked out.
    case reshape([Int])
    /// The dimensions at these places go; they have to be 1.
    case squeeze([Int])
    /// Dimensions of 1 are added, so that they are at these places of the result.
    case unsqueeze([Int])
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
      case .squeeze(let axes):
        return TensorSpec(spec.dtype, try Self.shape(spec.shape, without: axes))
      case .unsqueeze(let axes):
        return TensorSpec(spec.dtype, try Self.shape(spec.shape, with: axes))
      case .slice(let slice):
        return TensorSpec(spec.dtype, try slice.region(in: spec.shape).shape)
      case .convert(let dtype):
        _ = try Self.conversion(spec.dtype, to: dtype)
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

    private static func shape(_ shape: TensorShape, without axes: [Int]) throws(CheckpointError)
      -> TensorShape
    {
      let isThere = axes.allSatisfy { shape.dimensions.indices.contains($0) && shape[$0] == 1 }
      guard isThere, Set(axes).count == axes.count else {
        throw CheckpointError(
          .mismatch, "\(shape) does not have a dimension of 1 at each of \(axes)")
      }
      let kept = shape.dimensions.indices.filter { !axes.contains($0) }
      return try TensorShape(stored: kept.map { shape[$0] })
    }

    private static func shape(_ shape: TensorShape, with axes: [Int]) throws(CheckpointError)
      -> TensorShape
    {
      let rank = shape.rank + axes.count
      guard axes.allSatisfy((0..<rank).contains), Set(axes).count == axes.count else {
        throw CheckpointError(
          .mismatch, "\(axes) are not different places in the \(rank) dimensions that \(shape) gets"
        )
      }
      var dimensions = shape.dimensions
      for axis in axes.sorted() { dimensions.insert(1, at: axis) }
      return try TensorShape(stored: dimensions)
    }

    private static func conversion(_ source: DType, to target: DType) throws(CheckpointError)
      -> ScalarConversion
    {
      if let conversion = ScalarConversion(from: source, to: target) { return conversion }
      throw CheckpointError(.mismatch, "\(source.name) is not converted to \(target.name)")
    }

    /// The tensor with its values changed.
    package func applied(to tensor: AnyTensor) throws(CheckpointError) -> AnyTensor {
      let spec = try applied(to: tensor.spec)
      switch self {
      case .reshape, .squeeze, .unsqueeze: return try tensor.reshaped(to: spec.shape)
      case .convert(let dtype):
        return try Self.conversion(tensor.spec.dtype, to: dtype).convert(tensor)
      case .slice(let slice): return try tensor.part(slice)
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
}
