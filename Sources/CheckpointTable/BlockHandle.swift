internal import CheckpointIO

/// Where a block lies in its file.
///
/// Stored as two varints: `offset`, then `size`.
struct BlockHandle: Hashable, Sendable {
  /// The block's first byte.
  var offset: UInt64
  /// How many bytes are stored, compressed or not, without the trailer.
  var byteCount: UInt64

  /// Creates a handle.
  init(offset: UInt64, byteCount: UInt64) {
    self.offset = offset
    self.byteCount = byteCount
  }

  /// Reads a handle; it may lead anywhere until ``checked(within:what:)`` says otherwise.
  init(from reader: inout ByteReader) throws(CheckpointError) {
    offset = try reader.readVarint()
    byteCount = try reader.readVarint()
  }

  /// Appends the handle.
  func write(to output: inout ByteWriter) {
    output.write(varint: offset)
    output.write(varint: byteCount)
  }

  /// The first byte after the block and its trailer, or `nil` if that is no 64-bit number.
  var end: UInt64? { offset.adding(byteCount)?.adding(UInt64(TableFormat.trailerByteCount)) }

  /// Checks that block and trailer lie before the footer, so that nothing larger than the file is
  /// ever allocated for one.
  func checked(within file: any ReadableFile, what: String) throws(CheckpointError) {
    let blocksEnd = file.byteCount - UInt64(TableFormat.footerByteCount)  // the footer was read
    guard let end, end <= blocksEnd else {
      throw .damaged(
        "\(what) takes \(byteCount) bytes and a trailer of 5 from byte \(offset) on, "
          + "but the footer begins at byte \(blocksEnd)", file: file.path, offset: offset)
    }
  }
}
