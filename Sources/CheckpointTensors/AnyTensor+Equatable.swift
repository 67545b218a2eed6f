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
    let (one, two) = (bytes, other.bytes)
    let wordCount = byteCount / 8
    var word = 0
    while word < wordCount {
      // Without a way out in the middle, several words are compared at a time.
      let end = min(word + 64, wordCount)
      var difference: UInt64 = 0
      while word < end {
        // Eight bytes from here on lie within both.
        let (a, b) = unsafe (
          one.unsafeLoadUnaligned(fromUncheckedByteOffset: 8 * word, as: UInt64.self),
          two.unsafeLoadUnaligned(fromUncheckedByteOffset: 8 * word, as: UInt64.self)
        )
        difference |= a ^ b
        word += 1
      }
      guard difference == 0 else { return false }
    }
    return (8 * wordCount..<byteCount).allSatisfy { index in
      unsafe one.unsafeLoad(fromByteOffset: index, as: UInt8.self)
        == two.unsafeLoad(fromByteOffset: index, as: UInt8.self)
    }
  }
}
