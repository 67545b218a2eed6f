import CFileCalls
import CheckpointPlatform

/// A file of this machine, open for positioned writes.
final class LocalWritableFile: WritableFile {
  let path: String
  private var descriptor: Descriptor?

  init(_ path: String, permissions: FilePermissions) throws(CheckpointError) {
    self.path = path
    // Anything that already has the name is somebody else's and is left alone, and so is what a link leads to. The
    // owner may have to open the new file again.
    descriptor = try Descriptor(
      opening: path, flags: O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW,
      mode: mode_t(permissions.rawValue | 0o600))
  }

  /// Opens what was created: without waiting, and never through a link.
  init(reopening path: String) throws(CheckpointError) {
    self.path = path
    let descriptor = try Descriptor(opening: path, flags: O_WRONLY | O_NOFOLLOW | O_NONBLOCK)
    let status = FileStatus(try descriptor.status(path: path))
    guard status.kind == .file, status.linkCount == 1 else {
      throw CheckpointError(
        .pathConflict,
        "somebody has put another file in the place of this one, which was being written; remove it, and "
          + "save again", file: path)
    }
    self.descriptor = consume descriptor
  }

  private func number() throws(CheckpointError) -> CInt {
    guard let number = descriptor?.number else {
      throw .system("write to a closed file", errno: EBADF, file: path)
    }
    return number
  }

  func reserve(_ byteCount: UInt64) throws(CheckpointError) {
    guard byteCount > 0 else { return }
    let number = try number()
    do throws(CheckpointError) {
      try systemCall("reserve \(byteCount) bytes", file: path) {
        ck_reserve(number, Int64(clamping: byteCount))
      }
    } catch {
      // Not every file system can; writing will tell.
      guard error.saysUnsupported else { throw error }
    }
  }

  func write(_ bytes: RawSpan, at offset: UInt64) throws(CheckpointError) {
    guard descriptor != nil else { throw .system("write", errno: EBADF, file: path) }
    try descriptor?.write(bytes, at: offset, path: path)
  }

  func startWriteback(_ range: ByteRange) {
    guard let number = descriptor?.number else { return }
    // A hint: if it fails, `sync()` does the same work later.
    _ = ck_start_writeback(number, Int64(clamping: range.offset), Int64(clamping: range.count))
  }

  func sync() throws(CheckpointError) {
    guard descriptor != nil else { throw .system("sync", errno: EBADF, file: path) }
    try descriptor?.sync(path: path)
  }

  func close() throws(CheckpointError) {
    try descriptor.take()?.finish(path: path)
  }
}
