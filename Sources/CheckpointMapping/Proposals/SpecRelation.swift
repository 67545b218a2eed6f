import CheckpointTensors

/// How a stored tensor could become a wanted one.
enum SpecRelation: Hashable {
  case equal
  case transposed([Int])
  case converted(DType)
  case reshaped([Int])

  /// Finds the way; `nil` if there is none of these.
  ///
  /// - Parameters:
  ///   - stored: What is stored.
  ///   - wanted: What is wanted.
  ///   - roles: What both may be: dimensions of kernels may be in another framework's order.
  init?(_ stored: TensorSpec, to wanted: TensorSpec, roles: NameVocabulary.Role) {
    if stored == wanted {
      self = .equal
    } else if stored.shape == wanted.shape {
      guard ScalarConversion(from: stored.dtype, to: wanted.dtype) != nil else { return nil }
      self = .converted(wanted.dtype)
    } else if roles.contains(.kernel), stored.dtype == wanted.dtype,
      let axes = Self.axes(stored.shape.dimensions, wanted.shape.dimensions)
    {
      self = .transposed(axes)
    } else if !roles.isEmpty, stored.dtype == wanted.dtype,
      Self.withoutOnes(stored.shape) == Self.withoutOnes(wanted.shape)
    {
      self = .reshaped(wanted.shape.dimensions)
    } else {
      return nil
    }
  }

  private static func axes(_ stored: [Int], _ wanted: [Int]) -> [Int]? {
    orders(of: stored).first { permuted(stored, $0) == wanted }
  }

  /// In which orders another framework could have the dimensions of a kernel, the likeliest first.
  ///
  /// Dense kernels are [in, out] or [out, in]; of convolutions TensorFlow has the lengths first, and
  /// in before out; PyTorch out, in, and then the lengths. Lengths are shorter than the others.
  static func orders(of dimensions: [Int]) -> [[Int]] {
    let rank = dimensions.count
    let lengths = rank - 2
    guard (2...5).contains(rank) else { return [] }
    guard lengths > 0 else { return [[1, 0]] }
    let lengthsFirst = Array(2..<rank) + [1, 0]  // from out, in, lengths
    let lengthsLast = [rank - 1, rank - 2] + Array(0..<lengths)
    let isLengthsFirst = dimensions[0] <= dimensions[rank - 1]
    return isLengthsFirst ? [lengthsLast, lengthsFirst] : [lengthsFirst, lengthsLast]
  }

  /// The dimensions in another order.
  static func permuted(_ dimensions: [Int], _ axes: [Int]) -> [Int] { axes.map { dimensions[$0] } }

  /// The dimensions that are not 1: kernels of the length 1 are matrices elsewhere.
  static func withoutOnes(_ shape: TensorShape) -> [Int] { shape.dimensions.filter { $0 != 1 } }

  /// How much it is worth, up to 1.
  var weight: Float {
    switch self {
    case .equal: 1
    case .transposed: 0.85
    case .converted, .reshaped: 0.8
    }
  }

  /// What has to be done to the values.
  var transform: KeyMapping.Transform? {
    switch self {
    case .equal: nil
    case .transposed(let axes): .transpose(axes)
    case .converted(let dtype): .convert(to: dtype)
    case .reshaped(let dimensions): .reshape(dimensions)
    }
  }
}
