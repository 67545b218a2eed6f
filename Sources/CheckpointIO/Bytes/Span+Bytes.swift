extension Array<UInt8> {
  /// Copies bytes.
  @inlinable
  package init(copying span: Span<UInt8>) {
    self = unsafe span.withUnsafeBufferPointer { unsafe Array($0) }
  }
}

extension RawSpan {
  /// One byte.
  package func byte(at offset: Int) -> UInt8 {
    // Checks the bounds; and a byte is a byte.
    unsafe unsafeLoad(fromByteOffset: offset, as: UInt8.self)
  }
}

extension FixedWidthInteger where Self: UnsignedInteger {
  /// All hexadecimal digits, without a mark in front.
  package var hexadecimal: String {
    let digits = String(self, radix: 16)
    return String(repeating: "0", count: Self.bitWidth / 4 - digits.count) + digits
  }
}

extension MutableSpan<UInt8> {
  /// Copies bytes to a place within.
  @_lifetime(self: copy self)
  package mutating func copy(_ bytes: Span<UInt8>, to offset: Int) {
    var place = _mutatingExtracting(offset..<offset + bytes.count)  // checks the bounds
    unsafe place.withUnsafeMutableBytes { target in
      unsafe bytes.withUnsafeBytes { source in
        unsafe target.copyMemory(from: source)
      }
    }
  }
}

extension MutableRawSpan {
  /// Copies bytes to a place within.
  @_lifetime(self: copy self)
  package mutating func copy(_ bytes: RawSpan, to offset: Int) {
    var place = _mutatingExtracting(offset..<offset + bytes.byteCount)  // checks the bounds
    unsafe place.withUnsafeMutableBytes { target in
      unsafe bytes.withUnsafeBytes { source in
        unsafe target.copyMemory(from: source)
      }
    }
  }

  /// Reverses the bytes of every number of `width` bytes.
  @_lifetime(self: copy self)
  package mutating func reverseBytes(ofEvery width: Int) {
    unsafe withUnsafeMutableBytes { bytes in
      var start = 0
      while start + width <= bytes.count {
        for place in 0..<width / 2 {
          unsafe bytes.swapAt(start + place, start + width - 1 - place)
        }
        start += width
      }
    }
  }
}
