import CheckpointIO
import CheckpointTable

/// One file of a V1 checkpoint, open: a sorted table with a record for each slice, and one under the
/// empty key that says what the others are.
struct SlicesFile: Sendable {
  /// The records.
  let table: TableReader
  /// The size of the file.
  let byteCount: UInt64
  /// What is in the file.
  let meta: SavedTensorSliceMeta

  /// The file, which stays open as long as there are not too many.
  let file: PooledFile

  /// The path of the file.
  var path: String { table.path }

  /// Opens a file, and reads its meta record.
  ///
  /// - Throws: `notACheckpoint` for a table of another kind; `corrupt` or `truncated` if the file is
  ///   damaged or is no table.
  init(_ file: PooledFile) throws(CheckpointError) {
    self.file = file
    table = try Self.table(file)
    byteCount = file.byteCount
    guard let meta = try Self.meta(of: table) else {
      throw CheckpointError(
        .notACheckpoint,
        "this sorted table has no list of tensors, as every file of a V1 checkpoint has; if it is "
          + "an index of V2, give the prefix: the path without '.index'", file: file.path)
    }
    self.meta = meta
  }

  static func table(_ file: any ReadableFile) throws(CheckpointError) -> TableReader {
    try TableReader(
      file, cacheByteCount: cacheByteCount, limits: TableLimits(blockByteCount: blockByteCount))
  }

  /// The record of the empty key; `nil` if there is none, or none of V1.
  static func meta(of table: TableReader) throws(CheckpointError) -> SavedTensorSliceMeta? {
    let none: [UInt8] = []
    do throws(CheckpointError) {
      let meta = try table.withValue(for: none.span) { value throws(CheckpointError) in
        do throws(CheckpointError) {
          return try SavedTensorSliceMeta(record: value)
        } catch {
          throw error.withoutOffset  // it counts from the record, not from the file
        }
      }
      return meta ?? nil
    } catch {
      throw error.located(file: table.path)
    }
  }

  // Large records stand in blocks of their own, which are read once; blocks of many small ones have
  // up to 768 KiB, and two of those are worth keeping.
  private static let cacheByteCount = 4 << 20
  // TensorFlow writes no record of more than 2 GiB, and none with others in its block if it is large.
  private static let blockByteCount = (2 << 30) + (1 << 20)
}

extension CheckpointError {
  /// The same error without the offset within a message, which means nothing to anybody.
  var withoutOffset: CheckpointError {
    var error = self
    error.offset = nil
    return error
  }
}
