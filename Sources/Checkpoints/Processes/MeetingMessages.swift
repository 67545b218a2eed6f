import CheckpointIO

/// The messages of a meeting: small files in its directory, each whole and with a checksum, or not there.
struct MeetingMessages: Sendable {
  /// Where they are.
  let directory: String
  let fileSystem: any FileSystem

  private static let mostBytes: UInt64 = 1 << 31

  /// The names of all that is there.
  func names() throws(CheckpointError) -> [String] { try fileSystem.namesInDirectory(directory) }

  /// Writes a message, which is there once it is whole.
  func write(_ bytes: [UInt8], _ name: String) throws(CheckpointError) {
    var content = ByteWriter()
    content.write(bytes)
    unsafe content.write(CRC32C(of: bytes.span.bytes).masked)
    let path = Path.join(directory, name)
    let temporary = "\(path).\(String(UInt32.random(in: .min ... .max), radix: 16)).part"
    let file = try fileSystem.createFile(temporary)
    unsafe try file.write(content.bytes.span.bytes, at: 0)
    try file.close()
    try fileSystem.rename(temporary, to: path)
  }

  /// Gives a message another name.
  func rename(_ old: String, to new: String) throws(CheckpointError) {
    try fileSystem.rename(Path.join(directory, old), to: Path.join(directory, new))
  }

  /// Reads a message; `nil` if it is gone, or not whole yet.
  func read(_ name: String) throws(CheckpointError) -> [UInt8]? {
    let bytes: [UInt8]
    do throws(CheckpointError) {
      let file = try fileSystem.openFile(Path.join(directory, name))
      guard file.byteCount <= Self.mostBytes else {
        throw CheckpointError(
          .mismatch, "a message of \(file.byteCount) bytes; \(Self.mostBytes) are possible",
          file: file.path)
      }
      bytes = try file.bytes(at: 0, count: Int(file.byteCount))
    } catch  where error.code == .notFound || error.systemError == missingFile {
      return nil
    }
    guard bytes.count >= 4 else { return nil }
    let content = Array(bytes.dropLast(4))
    let stored = bytes.suffix(4).reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
    return unsafe stored == CRC32C(of: content.span.bytes).masked ? content : nil
  }
}
