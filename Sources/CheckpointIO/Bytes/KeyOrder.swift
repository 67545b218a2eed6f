// Keys are ordered as unsigned bytes, a prefix before what it is a prefix of; no other rule applies.

/// Where a key stands, as seen from another one.
package enum KeyOrder {
  case before
  case same
  case after
}

extension Span<UInt8> {
  /// How many bytes two keys have in common at their start.
  package func commonPrefixCount(with other: Span<UInt8>) -> Int {
    let end = Swift.min(count, other.count)
    let (mine, theirs) = unsafe (bytes, other.bytes)
    var position = 0
    while end &- position >= 8 {
      // Eight bytes from `position` on lie within both; the load checks it again.
      let a = unsafe mine.unsafeLoadUnaligned(fromByteOffset: position, as: UInt64.self)
      let b = unsafe theirs.unsafeLoadUnaligned(fromByteOffset: position, as: UInt64.self)
      if a != b { return position &+ UInt64(littleEndian: a ^ b).trailingZeroBitCount / 8 }
      position &+= 8
    }
    while position < end, self[position] == other[position] { position &+= 1 }
    return position
  }

  /// Whether this key comes before the other.
  package func precedes(_ other: Span<UInt8>) -> Bool {
    precedes(other, afterCommon: commonPrefixCount(with: other))
  }

  /// The same for keys whose common start is known.
  package func precedes(_ other: Span<UInt8>, afterCommon common: Int) -> Bool {
    guard common < other.count else { return false }
    return common == count || self[common] < other[common]
  }

  /// Which of two keys comes first, found in one pass.
  package func order(to other: Span<UInt8>) -> KeyOrder {
    let common = commonPrefixCount(with: other)
    if common == count { return common == other.count ? .same : .before }
    return common < other.count && self[common] < other[common] ? .before : .after
  }

  /// Whether both keys are the same.
  package func matches(_ other: Span<UInt8>) -> Bool {
    count == other.count && commonPrefixCount(with: other) == count
  }
}
