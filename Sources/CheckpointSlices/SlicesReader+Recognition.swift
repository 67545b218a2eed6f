package import CheckpointIO
import CheckpointTable

// Telling a V1 file by what is in it: it may have any name.

extension SlicesReader {
  /// Whether there is a V1 checkpoint at a path: a file, or the pattern of a sharded one.
  ///
  /// Reads the last eight bytes and the first few; of a file that is compressed, its list of tensors.
  /// A file that is damaged elsewhere counts: opening it says what is wrong.
  ///
  /// - Throws: `io` if the system fails.
  package static func isCheckpoint(at path: String, fileSystem: any FileSystem)
    throws(CheckpointError) -> Bool
  {
    do throws(CheckpointError) {
      var path = path
      if let sharded = SlicesPath(pattern: path), try fileSystem.status(of: path) == nil {
        for shard in sharded.shards {
          path = shard
          if try fileSystem.status(of: shard) != nil { break }  // which are missing, opening says
        }
      }
      guard try fileSystem.status(of: path)?.kind == .file else { return false }
      let file = try fileSystem.openFile(path)
      guard try endsLikeTable(file) else { return false }
      if try beginsWithMeta(file) { return true }
      return try SlicesFile.meta(of: SlicesFile.table(file)) != nil
    } catch  where !error.saysNothingOfContent {
      return false  // it is no such table, or it went
    }
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
