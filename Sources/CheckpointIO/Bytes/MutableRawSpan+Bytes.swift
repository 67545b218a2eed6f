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
