package import CheckpointIO
import CheckpointTable

// Telling a V1 file by what is in it: it may have any name.

extension SlicesReader {
  /// Whether a file is one of V1.
  ///
  /// Reads the last eight bytes and the first few; of a file that is compressed, its list of tensors.
  /// A file that is damaged elsewhere counts: opening it says what is wrong.
  ///
  /// - Throws: What reading throws; what is wrong with a table that need not be one of V1.
  package static func recognizes(_ file: any ReadableFile) throws(CheckpointError) -> Bool {
    guard try endsLikeTable(file) else { return false }
    if try beginsWithMeta(file) { return true }
    return try SlicesFile.meta(of: SlicesFile.table(file)) != nil
  }

  private static func endsLikeTable(_ file: any ReadableFile) throws(CheckpointError) -> Bool {
    guard file.byteCount >= UInt64(TableFormat.footerByteCount) else { return false }
    let end = try file.bytes(at: file.byteCount - 8, count: 8)
    var reader = ByteReader(end.span)
    return try reader.readUInt64() == TableFormat.magic
  }

  // The first entry of an uncompressed table: nothing shared, an empty key, a value of some length,
  // whose first field is `meta`. An index of V2 has `num_shards` there.
  private static func beginsWithMeta(_ file: any ReadableFile) throws(CheckpointError) -> Bool {
    let start = try file.bytes(at: 0, count: 16)  // less than a footer: they are there
    var reader = ByteReader(start.span)
    guard try reader.readVarint() == 0, try reader.readVarint() == 0 else { return false }
    guard try reader.readVarint() > 0 else { return false }
    return try reader.readByte() == 0x0A
  }
}
