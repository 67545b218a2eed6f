import CheckpointPlatform

/// A lock file of this machine, held by an advisory lock that ends with the process.
///
/// It is a regular file with one name, or it is not opened: through a link, what somebody else has
/// written would be overwritten, and a pipe or a device would be waited for.
final class LocalLockedFile: LockedFile {
  let isExclusive: Bool
  let isNew: Bool
  let owner: UInt32
  private let path: String
  private let descriptor: Descriptor

  /// Takes the lock; `nil` if somebody holds it, or if there is no such file and none is to be created.
  init?(_ path: String, creating: Bool) throws(CheckpointError) {
    var attempts = 0
    while true {
      attempts += 1
      // A lock file that has gone at every attempt is in constant use by others: it counts as held.
      guard attempts < Self.mostAttempts else { return nil }
      var isNew = false
      guard let descriptor = try Self.open(path, creating: creating, isNew: &isNew) else {
        guard creating else { return nil }
        continue  // it has just gone
      }
      let status = FileStatus(try descriptor.status(path: path))
      try Self.check(status, path)
      let outcome = try Self.lock(descriptor, path: path)
      guard outcome != .heldByAnother else { return nil }
      // The last owner may have removed the file between our opening and our locking it.
      guard try FileStatus(ofEntry: path)?.identity == status.identity else {
        continue
      }
      self.isExclusive = outcome == .held
      self.isNew = isNew
      self.owner = status.owner
      self.path = path
      self.descriptor = descriptor
      return
    }
  }

  private static let mostAttempts = 100

  // MARK: Opening

  // Opens it without waiting, and never through a link; `nil` if there is no such file.
  private static func open(_ path: String, creating: Bool, isNew: inout Bool)
    throws(CheckpointError) -> Descriptor?
  {
    if creating, let descriptor = try create(path) {
      isNew = true
      return descriptor
    }
    // Checked before it is opened, since opening a device can have an effect.
    guard let entry = try FileStatus(ofEntry: path) else { return nil }
    try check(entry, path)
    do throws(CheckpointError) {
      return try Descriptor(opening: path, flags: O_RDWR | O_NOFOLLOW | O_NONBLOCK)
    } catch {
      switch error.systemError {
      case ENOENT, ELOOP: return nil  // something else by now
      case EACCES, EPERM: throw refusal(error, owner: entry.owner)
      default: throw error
      }
    }
  }

  // Creates it; `nil` if something already has the name.
  private static func create(_ path: String) throws(CheckpointError) -> Descriptor? {
    do throws(CheckpointError) {
      return try Descriptor(opening: path, flags: O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW)
    } catch {
      guard error.systemError == EEXIST else { throw error }
      return nil
    }
  }

  // A file that has just been removed has no name left and passes; comparing identities finds it later.
  private static func check(_ status: FileStatus, _ path: String) throws(CheckpointError) {
    guard status.kind != .file || status.linkCount > 1 else { return }
    let what = status.kind == .file ? "a file with several names" : status.kind.description
    throw CheckpointError(
      .pathConflict,
      "this is \(what), where a lock file of this library belongs; rename or remove it", file: path)
  }

  private static func refusal(_ error: CheckpointError, owner: UInt32) -> CheckpointError {
    var error = error
    error.message +=
      "; this lock file belongs to the user \(owner): if no program of theirs is saving here, remove it"
    return error
  }

  // MARK: Locking

  private enum Outcome { case held, heldByAnother, unknown }

  private static func lock(_ descriptor: borrowing Descriptor, path: String) throws(CheckpointError)
    -> Outcome
  {
    do throws(CheckpointError) {
      let number = descriptor.number
      try systemCall("lock", file: path) { flock(number, LOCK_EX | LOCK_NB) }
      return .held
    } catch {
      if error.systemError == EWOULDBLOCK { return .heldByAnother }
      guard error.saysUnsupported || error.systemError == ENOLCK else { throw error }
      return .unknown  // some network file systems
    }
  }

  // MARK: What it says

  func contents(limit: Int) throws(CheckpointError) -> [UInt8] {
    let size = FileStatus(try descriptor.status(path: path)).byteCount
    var bytes = [UInt8](repeating: 0, count: min(limit, Int(clamping: size)))
    let count = try descriptor.read(into: &bytes, at: 0, path: path)
    bytes.removeSubrange(count...)  // `count` is at most the size
    return bytes
  }

  func setContents(_ bytes: [UInt8]) throws(CheckpointError) {
    let number = descriptor.number
    // Not if it is empty: what was cut to nothing and written, ext4 brings to the disk when it is closed, even
    // if it has no name any more (`auto_da_alloc`).
    if FileStatus(try descriptor.status(path: path)).byteCount > 0 {
      try systemCall("truncate", file: path) { ftruncate(number, 0) }
    }
    unsafe try descriptor.write(bytes.span.bytes, at: 0, path: path)
  }

  func sync() throws(CheckpointError) { try descriptor.sync(path: path) }

  func remove() throws(CheckpointError) {
    // Removed while locked: whoever waits for it finds that the path leads elsewhere, see `init`.
    try systemCall("remove", file: path) { unsafe unlink(path) }
  }
}
