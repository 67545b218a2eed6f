extension MutableRawSpan {
  /// Has all cores write to the bytes, each to parts of its own.
  ///
  /// - Parameters:
  ///   - length: How many bytes a part has; the last one may have fewer.
  ///   - body: Called for each part with its number, its place in the whole, and its bytes.
  /// - Throws: What `body` throws, as ``SharedWork`` says.
  @_lifetime(self: copy self)
  package mutating func writeParts<Failure: Error>(
    of length: Int,
    _ body: (_ number: Int, _ place: Range<Int>, _ part: inout MutableRawSpan) throws(Failure) ->
      Void
  ) throws(Failure) {
    let parts = Chunks(of: 0..<byteCount, by: length)
    try unsafe withUnsafeMutableBytes { bytes throws(Failure) in
      try SharedWork.run(count: parts.count) { number throws(Failure) in
        // Parts do not overlap, and each is given out once: nobody else has this one.
        let memory = unsafe UnsafeMutableRawBufferPointer(rebasing: bytes[parts[number]])
        var part = unsafe MutableRawSpan(_unsafeBytes: memory)
        try body(number, parts[number], &part)
      }
    }
  }
}
