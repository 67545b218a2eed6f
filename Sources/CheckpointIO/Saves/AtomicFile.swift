/// A file that appears whole or not at all: it is written under a temporary name and renamed.
///
/// Let go before ``commit()``, it leaves nothing behind.
package final class AtomicFile {
  /// The name it will have.
  package let path: String
  /// What is written to; its content counts once it is committed.
  package private(set) var file: any WritableFile
  private let location: SaveLocation
  // Until it has its name.
  private var isOpen = true
  // Whether it is durable, as far as that is wanted, and closed: only the rename is left.
  private var isPrepared = false
  // While it is closed, to be opened again: what tells it from other files.
  private var suspended: TemporaryIdentity?
  private var isWritten = false
  // Whether all that was written is durable.
  private var isSynced = false
  // Why it could not be suspended: what was written may be lost.
  private var failure: CheckpointError?

  /// Whether it has its name.
  package var isCommitted: Bool { !isOpen }
  /// Whether its content is made durable.
  package var durability: FileOptions.Durability { location.options.durability }

  /// Creates the temporary file.
  ///
  /// - Parameters:
  ///   - path: The name it will have.
  ///   - location: The save that it belongs to, whose note lists it.
  ///   - replaced: The file that it takes the place of, if that has another name. The new one gets no
  ///     permission that this one has not.
  /// - Throws: `pathConflict` if something that is not ours has the temporary name; `io` if the system
  ///   fails.
  package init(_ path: String, in location: SaveLocation, replacing replaced: String? = nil)
    throws(CheckpointError)
  {
    self.path = path
    self.location = location
    file = try location.createTemporary(for: path, replacing: replaced ?? path)
  }

  /// Writes content that is in memory.
  ///
  /// - Throws: `io` if the system fails.
  package func write(_ bytes: [UInt8]) throws(CheckpointError) {
    unsafe try file.write(bytes.span.bytes, at: 0)
  }

  /// Makes the content durable and closes the file: what is left to ``commit()`` is the rename.
  ///
  /// For several files that are to appear together.
  ///
  /// - Throws: `io` if the system fails; see ``commit()``.
  package func prepare() throws(CheckpointError) {
    if let failure { throw failure }
    if durability == .full, !isSynced {
      try resume()
      try file.sync()
    }
    if suspended == nil { try file.close() }
    isPrepared = true
  }

  // MARK: Closed for a while

  /// Notes that the content is about to change.
  func willWrite() { (isWritten, isSynced) = (true, false) }

  /// Closes the file until ``resume()``: for a save to more files than can be open at once.
  ///
  /// What was written is made durable before, if it is to be: of an error that the system meets later,
  /// it tells those who have the file open. If it cannot be, the file is not committed any more.
  ///
  /// - Throws: `io` if the system fails.
  func suspend() throws(CheckpointError) {
    do throws(CheckpointError) {
      if durability == .full, isWritten, !isSynced {
        try file.sync()
        isSynced = true
      }
      try file.close()
      suspended = try location.identity(ofTemporary: file.path)
    } catch {
      failure = error
      throw error
    }
  }

  /// Opens the file again, if it is closed for a while.
  ///
  /// - Throws: `pathConflict` if another file has its name; `io` if the system fails.
  func resume() throws(CheckpointError) {
    if let failure { throw failure }
    guard let identity = suspended else { return }
    file = try location.reopenTemporary(file.path, identity)
    suspended = nil
  }

  /// Makes the content durable, and gives the file its name.
  ///
  /// The name is durable once the directory is synced.
  ///
  /// - Throws: `io` if the system fails. The save cannot be repaired then: after a failed sync a
  ///   second one proves nothing (fsync(2), "error reporting").
  package func commit() throws(CheckpointError) {
    if !isPrepared { try prepare() }
    try location.rename(file.path, to: path)
    isOpen = false
  }

  /// Commits the file that is the whole checkpoint.
  ///
  /// On a network, a rename can happen and be reported as failed because the answer was lost: the
  /// temporary file is gone then, and the error says that the checkpoint is saved all the same.
  ///
  /// - Throws: As ``commit()``.
  package func commitCheckpoint() throws(CheckpointError) {
    do throws(CheckpointError) {
      try commit()
    } catch {
      guard isGone else { throw error }
      throw error.adding("as it seems, the new checkpoint is saved all the same")
    }
  }

  /// Whether its temporary file is gone: it has its name, as it seems, whatever was said of that.
  package var isGone: Bool {
    do throws(CheckpointError) {
      return try location.options.fileSystem.status(of: file.path) == nil
    } catch {
      return false
    }
  }

  deinit {
    if isOpen { location.discard(file) }
  }
}
