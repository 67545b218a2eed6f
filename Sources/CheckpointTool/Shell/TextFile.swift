import CheckpointIO
import CheckpointStore

/// A file of text that a command writes: there whole or not at all.
final class TextFile {
  private let path: String
  private let what: String
  private let overwrites: Bool
  private let location: SaveLocation
  private let file: AtomicFile
  private var gathered = GatheredOutput()
  private var byteCount: UInt64 = 0

  /// Begins the file.
  ///
  /// - Parameters:
  ///   - path: Its path.
  ///   - what: What it is, for messages: "report".
  ///   - overwrites: Whether it may replace another file.
  /// - Throws: `pathConflict` if it may not, and for what is no file; `io` if the system fails.
  init(_ path: String, what: String, overwrites: Bool) throws(CheckpointError) {
    (self.path, self.overwrites, self.what) = (path, overwrites, what)
    try Self.check(path, what: what, overwrites: overwrites)
    location = try SaveLocation(path, options: FileOptions())
    try location.begin(.file)
    file = try AtomicFile(path, in: location)
  }

  /// Finds out whether a file may be written.
  ///
  /// - Throws: `pathConflict` if something is there that may not be replaced; `io` if the system fails.
  static func check(_ path: String, what: String, overwrites: Bool) throws(CheckpointError) {
    let fileSystem = LocalFileSystem()
    try SmallFile.checkReplaceable(path, fileSystem, what: what, check: { _ in }, isOurs: nil)
    guard !overwrites, try fileSystem.entryStatus(of: path) != nil else { return }
    throw CheckpointError(
      .pathConflict, "a file is here already; '--overwrite' replaces it", file: path)
  }

  /// Adds text.
  ///
  /// - Throws: `io` if the system fails.
  func write(_ text: String) throws(CheckpointError) {
    let text = Array(text.utf8)
    unsafe try gathered.add(text.span.bytes, append)  // bytes have no padding
  }

  /// Gives the file its name.
  ///
  /// - Throws: `pathConflict` if another file has got it meanwhile; `io` if the system fails.
  func finish() throws(CheckpointError) {
    try gathered.flush(append)
    try Self.check(path, what: what, overwrites: overwrites)
    try file.commit()
    try location.syncDirectory()
    try location.finish()
  }

  private func append(_ bytes: RawSpan) throws(CheckpointError) {
    try file.file.write(bytes, at: byteCount)
    byteCount += UInt64(bytes.byteCount)
  }
}
