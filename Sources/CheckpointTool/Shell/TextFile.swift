import CheckpointIO
import CheckpointStore

/// A file of text that a command writes: there whole or not at all.
final class TextFile {
  private let path: String
  private let overwrites: Bool
  private let location: SaveLocation
  private let file: AtomicFile
  private var buffer = ByteWriter(capacity: bufferByteCount)
  private var byteCount: UInt64 = 0

  /// Begins the file.
  ///
  /// - Parameters:
  ///   - path: Its path.
  ///   - what: What it is, for messages: "report".
  ///   - overwrites: Whether it may replace another file.
  /// - Throws: `pathConflict` if it may not, and for what is no file; `io` if the system fails.
  init(_ path: String, what: String, overwrites: Bool) throws(CheckpointError) {
    let options = FileOptions()
    try SmallFile.checkReplaceable(
      path, options.fileSystem, what: what, check: { _ in }, isOurs: nil)
    (self.path, self.overwrites) = (path, overwrites)
    try Self.checkIsFree(path, overwrites)
    location = try SaveLocation(path, options: options)
    try location.begin(.file)
    file = try AtomicFile(path, in: location)
  }

  private static func checkIsFree(_ path: String, _ overwrites: Bool) throws(CheckpointError) {
    guard !overwrites, try LocalFileSystem().entryStatus(of: path) != nil else { return }
    throw CheckpointError(
      .pathConflict, "a file is here already; '--overwrite' replaces it", file: path)
  }

  /// Adds text.
  ///
  /// - Throws: `io` if the system fails.
  func write(_ text: String) throws(CheckpointError) {
    buffer.write(Array(text.utf8))
    if buffer.count >= Self.bufferByteCount { try flush() }
  }

  /// Gives the file its name.
  ///
  /// - Throws: `pathConflict` if another file has got it meanwhile; `io` if the system fails.
  func finish() throws(CheckpointError) {
    try flush()
    try Self.checkIsFree(path, overwrites)
    try file.commit()
    try location.syncDirectory()
    try location.finish()
  }

  private func flush() throws(CheckpointError) {
    var full = ByteWriter()
    swap(&full, &buffer)
    try unsafe file.file.write(full.bytes.span.bytes, at: byteCount)  // bytes have no padding
    byteCount += UInt64(full.count)
    full.bytes.removeAll(keepingCapacity: true)
    swap(&full, &buffer)
  }

  private static let bufferByteCount = 64 << 10
}
