#if canImport(Darwin)
import Darwin
#elseif canImport(Musl)
import Musl
#elseif canImport(Android)
import Android
#else
import Glibc
#endif

/// A lock file of this machine, held by an advisory lock that ends with the process.
final class LocalLockedFile: LockedFile {
  let isExclusive: Bool
  private let path: String
  private let descriptor: Descriptor

  /// Takes the lock, or is `nil` if somebody holds it.
  init?(_ path: String) throws(CheckpointError) {
    while true {
      let descriptor = try Descriptor(opening: path, flags: O_RDWR | O_CREAT)
      let outcome = try Self.lock(descriptor, path: path)
      guard outcome != .heldByAnother else { return nil }
      // The last owner may have removed the file between our opening and our locking it.
      guard try Self.isStill(descriptor, at: path) else { continue }
      self.isExclusive = outcome == .held
      self.path = path
      self.descriptor = descriptor
      return
    }
  }

  private enum Outcome { case held, heldByAnother, unknown }

  private static func lock(
    _ descriptor: borrowing Descriptor,
    path: String
  ) throws(CheckpointError) -> Outcome {
    do throws(CheckpointError) {
      let number = descriptor.number
      try systemCall("lock", file: path) { flock(number, LOCK_EX | LOCK_NB) }
      return .held
    } catch {
      switch error.systemError {
      case EWOULDBLOCK: return .heldByAnother
      case ENOLCK, ENOSYS, EOPNOTSUPP: return .unknown  // some network file systems
      default: throw error
      }
    }
  }

  private static func isStill(
    _ descriptor: borrowing Descriptor,
    at path: String
  ) throws(CheckpointError) -> Bool {
    let ours = FileStatus(try descriptor.status(path: path))
    return try LocalFileSystem().status(of: path)?.identity == ours.identity
  }

  func contents(limit: Int) throws(CheckpointError) -> [UInt8] {
    let size = FileStatus(try descriptor.status(path: path)).byteCount
    var bytes = [UInt8](repeating: 0, count: min(limit, Int(clamping: size)))
    let count = try descriptor.read(into: &bytes, at: 0, path: path)
    bytes.removeSubrange(count...)  // `count` is at most the size
    return bytes
  }

  func setContents(_ bytes: [UInt8]) throws(CheckpointError) {
    let number = descriptor.number
    try systemCall("truncate", file: path) { ftruncate(number, 0) }
    unsafe try descriptor.write(bytes.span.bytes, at: 0, path: path)
  }

  func remove() throws(CheckpointError) {
    // Removed while locked: whoever waits for it finds that the path leads elsewhere, see `init`.
    try systemCall("remove", file: path) { unsafe unlink(path) }
  }
}
