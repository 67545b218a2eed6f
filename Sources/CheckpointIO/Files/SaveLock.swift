#if canImport(Darwin)
import Darwin
#elseif canImport(Musl)
import Musl
#elseif canImport(Android)
import Android
#else
import Glibc
#endif

/// The right to save to one prefix or file: nobody else has it at the same time.
///
/// The lock file also says what the save is about to change, so that the next one can clean up
/// after a process that died in the middle.
package final class SaveLock {
  /// What may be saved to.
  package let target: String
  /// Whether nobody else can hold it; false where the file system knows no locks.
  package var isExclusive: Bool { file.isExclusive }
  private let file: any LockedFile
  private var isHeld = true

  /// Takes the lock; `nil` if somebody holds it.
  package init?(_ target: String, fileSystem: any FileSystem) throws(CheckpointError) {
    guard let file = try fileSystem.lockFile(TemporaryName.lock(for: target)) else { return nil }
    self.target = target
    self.file = file
  }

  /// Takes the lock, or says that somebody else is saving there.
  ///
  /// - Parameters:
  ///   - target: What is to be saved to.
  ///   - fileSystem: Where.
  ///   - patience: How long to wait, in milliseconds. By default a moment: whoever looks for the
  ///     leftovers of dead saves holds locks for as long.
  /// - Returns: The lock.
  /// - Throws: `busy` if somebody holds it for longer.
  package static func acquire(
    _ target: String,
    fileSystem: any FileSystem,
    patience: Int = 250
  ) throws(CheckpointError) -> SaveLock {
    for _ in 0...patience / 5 {
      if let lock = try SaveLock(target, fileSystem: fileSystem) { return lock }
      usleep(5_000)  // microseconds
    }
    throw CheckpointError(
      .busy,
      "somebody else is saving here at this moment; save later or to another prefix",
      file: target
    )
  }

  /// What the last owner wrote; empty for a new lock.
  package func note() throws(CheckpointError) -> [UInt8] { try file.contents(limit: 1 << 16) }

  /// Writes what the next owner has to know if this one dies.
  package func setNote(_ bytes: [UInt8]) throws(CheckpointError) { try file.setContents(bytes) }

  /// Gives the lock up: nothing is left to be cleaned.
  package func release() throws(CheckpointError) {
    isHeld = false
    try file.remove()
  }

  /// Gives the lock up, and leaves the note for the next owner.
  package func abandon() { isHeld = false }

  deinit {
    if isHeld { try? file.remove() }
  }
}
