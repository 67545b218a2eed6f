extension AnyTensor: Equatable {
  /// Whether dtype, shape and every byte of the elements are the same.
  ///
  /// A NaN is equal to itself then, and 0 is not equal to -0: what a checkpoint would keep apart is
  /// different.
  public static func == (left: AnyTensor, right: AnyTensor) -> Bool {
    guard left.spec == right.spec else { return false }
    switch (left.contents, right.contents) {
    case (.bytes(let one), .bytes(let other)): return one.hasSameBytes(as: other)
    case (.strings(let one), .strings(let other)): return one == other
    default: return false
    }
  }
}

extension TensorStorage {
  fileprivate func hasSameBytes(as other: TensorStorage) -> Bool {
    guard self !== other else { return true }
    guard byteCount == other.byteCount else { return false }
    return unsafe bytes.withUnsafeBytes { one in
      unsafe other.bytes.withUnsafeBytes { other in unsafe one.elementsEqual(other) }
    }
  }
}
