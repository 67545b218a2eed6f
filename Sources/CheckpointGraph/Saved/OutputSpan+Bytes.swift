import CheckpointIO

extension OutputSpan<UInt8> {
  /// Appends bytes.
  @_lifetime(self: copy self)
  mutating func append(copying bytes: Span<UInt8>) {
    precondition(bytes.count <= freeCapacity, "the room was counted before")
    unsafe withUnsafeMutableBufferPointer { buffer, count in
      unsafe bytes.withUnsafeBufferPointer { source in
        // `freeCapacity` says that the buffer is as large.
        let room = unsafe UnsafeMutableBufferPointer(rebasing: buffer[count...])
        _ = unsafe room.initialize(fromContentsOf: source)
      }
      count += bytes.count
    }
  }

  /// Appends the bytes of a text.
  @_lifetime(self: copy self)
  mutating func append(_ text: String.UTF8View) {
    text.withSpan { append(copying: $0) }
  }

  /// Appends a varint in its shortest form.
  @_lifetime(self: copy self)
  mutating func append(varint value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest &>>= 7
    }
    append(UInt8(truncatingIfNeeded: rest))
  }
}
