internal import CheckpointIO

/// The last 48 bytes of a table: where its index is.
///
///     varint64 * 2    handle of the metaindex block, which nobody reads
///     varint64 * 2    handle of the index block
///     zeros           up to byte 40; not checked, as TensorFlow does not either
///     fixed64         magic
struct Footer {
  var metaindex: BlockHandle
  var index: BlockHandle

  init(metaindex: BlockHandle, index: BlockHandle) {
    self.metaindex = metaindex
    self.index = index
  }

  /// Reads the footer of a file, and checks that the index lies within the file.
  init(of file: any ReadableFile) throws(CheckpointError) {
    let count = TableFormat.footerByteCount
    guard file.byteCount >= count else {
      throw CheckpointError(
        .truncated,
        "the file has \(file.byteCount) bytes, the smallest table has \(count); "
          + "it was cut short or is no checkpoint, restore another checkpoint", file: file.path,
        offset: file.byteCount)
    }
    let start = file.byteCount - UInt64(count)
    let bytes = try file.bytes(at: start, count: count)
    try Self.checkMagic(bytes.span.extracting(last: 8), of: file)
    do throws(CheckpointError) {
      var reader = ByteReader(bytes.span.extracting(..<(count - 8)))
      metaindex = try BlockHandle(from: &reader)
      index = try BlockHandle(from: &reader)
    } catch {
      throw error.asDamage(of: "footer", file: file.path, offset: start)
    }
    try index.checked(within: file, what: "the index block")
  }

  private static func checkMagic(_ bytes: Span<UInt8>, of file: any ReadableFile)
    throws(CheckpointError)
  {
    var reader = ByteReader(bytes)
    guard try reader.readUInt64() != TableFormat.magic else { return }
    throw CheckpointError(
      .corrupt,
      "the file ends with \(Span.hex(bytes)), a table with 57 fb 80 8b 24 75 47 db; it is no "
        + "checkpoint index, or bytes were lost or added at its end: restore another checkpoint",
      file: file.path, offset: file.byteCount - 8)
  }

  /// Appends the footer.
  func write(to output: inout ByteWriter) {
    let start = output.count
    metaindex.write(to: &output)
    index.write(to: &output)
    // Four varints take at most 40 bytes, exactly the room there is.
    while output.count - start < TableFormat.footerByteCount - 8 { output.write(byte: 0) }
    output.write(TableFormat.magic)
  }
}
