import CheckpointStore
import CheckpointIO
import Synchronization

/// The part of a manager that works on files only, and knows no variables: any thread may use it.
///
/// It changes the directory only under the directory's lock, which keeps threads apart just as it keeps
/// processes apart.
final class DirectoryKeeper: Sendable {
  let place: ManagedPlace
  let retention: RetentionPolicy
  let clock: @Sendable () -> Double
  private let start: Double

  /// What somebody saw who looked the last time.
  private struct Sight {
    var found: ManagedDirectory?
    var highest = 0
  }

  private let lastSight = Mutex(Sight())

  /// Takes over a directory, which need not exist, and removes what dead processes have left there.
  ///
  /// - Parameters:
  ///   - place: Where, and under which name.
  ///   - retention: What stays.
  ///   - cleans: Whether leftovers are removed: another process of the job does it otherwise.
  ///   - clock: Seconds since 1970.
  /// - Throws: `unsupported` if a later version of this library was here; `io` if the system fails.
  init(
    _ place: ManagedPlace, _ retention: RetentionPolicy, cleans: Bool = true,
    clock: @escaping @Sendable () -> Double
  ) throws(CheckpointError) {
    self.place = place
    self.retention = retention
    self.clock = clock
    start = clock()
    if cleans { place.removeLeftovers() }
    let found = try look()
    guard cleans else { return }
    place.removeUnfinished(found.unfinished)
    for problem in found.problems { CheckpointWarnings.warn(Self.text(of: problem)) }
  }

  private static func text(of problem: CheckpointError) -> String {
    "\(problem); the checkpoints that are there count, but those of which nothing else tells that they "
      + "are managed stay for ever"
  }

  // MARK: Looking

  /// What the directory was like at the last look; `nil` before the first one.
  var sight: ManagedDirectory? { lastSight.withLock { $0.found } }

  /// Looks at the directory, and at every checkpoint in it.
  @discardableResult
  func look() throws(CheckpointError) -> ManagedDirectory { try look(after: nil) }

  /// The same; for checkpoints that `previous` has, only the names are looked for.
  @discardableResult
  func look(after previous: ManagedDirectory?) throws(CheckpointError) -> ManagedDirectory {
    let found = try ManagedDirectory(place, now: clock(), start: start, after: previous)
    note(found)
    return found
  }

  /// Finds the newest checkpoint that is intact, and makes something of it.
  ///
  /// - Parameters:
  ///   - check: How closely a checkpoint is checked.
  ///   - body: Gets a checkpoint; throws what is wrong with it.
  /// - Returns: What was found; nothing if there is no checkpoint.
  /// - Throws: One error with every damage if nothing is intact; as ``NewestIntact/find(among:with:)``.
  func newestIntact<Result>(
    _ check: CheckpointCheck, _ body: (String) throws(CheckpointError) -> Result
  ) throws(CheckpointError) -> NewestIntact.Found<Result> {
    let fileSystem = place.fileSystem
    let newest = NewestIntact(in: place.directory, fileSystem)
    let found = try newest.find { () throws(CheckpointError) in
      try look().newestFirst
    } with: { path throws(CheckpointError) in
      try IntactCheck(fileSystem).check(path, check)
      return try body(path)
    }
    if let error = found.nothingIntact(in: place.directory) { throw error }
    return found
  }

  private func note(_ found: ManagedDirectory) {
    lastSight.withLock { last in
      last.highest = max(last.highest, found.history.highest)  // numbers never go back
      last.found = found
    }
  }

  /// Changes something in the directory, which nobody else changes meanwhile.
  ///
  /// - Parameters:
  ///   - trustsSight: Whether of checkpoints that were seen before the names alone are looked for: for saves, which
  ///     look again at what makes others go (``sweep(_:latest:_:)``).
  ///   - body: Gets the directory as it is, and the lock.
  /// - Returns: What `body` returns.
  /// - Throws: `busy` if another manager is at work there for seconds; what `body` throws.
  func change<Result>(
    trustsSight: Bool = false,
    _ body: (inout ManagedDirectory, SaveLocation) throws(CheckpointError) -> Result
  ) throws(CheckpointError) -> Result {
    let lock = try place.lock()
    var found = try look(after: trustsSight ? sight : nil)
    let result = try body(&found, lock)
    note(found)
    try lock.finish()
    return result
  }

  // MARK: Saving

  /// The number for the next checkpoint, as far as the last look tells.
  ///
  /// - Throws: `limitExceeded` if there is none.
  func nextNumber(counter: Int64) throws(CheckpointError) -> Int {
    try lastSight.withLock { sight throws(CheckpointError) in
      sight.highest = try CheckpointNaming.number(
        after: max(sight.highest, Int(clamping: counter)), in: place.directory)
      return sight.highest
    }
  }

  /// Notes a save before its first byte is written.
  ///
  /// - Parameter begin: Says what is saved; called while nobody else changes the directory.
  /// - Returns: The save.
  /// - Throws: `pathConflict` if the state file would be overwritten; `busy` if another manager is at
  ///   work there for seconds; `io` if the system fails; what `begin` throws.
  func open(_ begin: (ManagedDirectory) throws(CheckpointError) -> ManagedSave)
    throws(CheckpointError) -> ManagedSave
  {
    try change(trustsSight: true) { found, lock throws(CheckpointError) in
      place.removeUnfinished(found.unfinished)
      let save = try begin(found)
      try place.stateFile().checkConflict(with: save.path)
      found.history.begin(try save.pending(), number: save.number)
      try place.write(found.history, lock: lock)
      return save
    }
  }

  /// Forgets a save of which nothing is written, as far as it can: if not, the next look does.
  func discard(_ save: ManagedSave) {
    try? change(trustsSight: true) { found, lock throws(CheckpointError) in
      found.history.saving.removeAll { $0.entry.name == save.entry.name }
      try place.write(found.history, lock: lock)
    }
  }

  /// Records a save that is written, and deletes what need not stay.
  func finish(_ save: ManagedSave) throws(CheckpointError) -> ManagedSave.Finished {
    do throws(CheckpointError) {
      let swept = try change(trustsSight: true) { found, lock throws(CheckpointError) in
        try record(save, &found, lock)
        return try sweep(&found, latest: save.path, lock)
      }
      return ManagedSave.Finished(
        checkpoint: save.checkpoint, removed: swept.removed, problems: save.notes + swept.problems)
    } catch {
      var error = error
      error.message += "; the checkpoint '\(save.path)' itself is saved"
      throw error
    }
  }

  // Enters the save in the history. Looking at the directory has mostly done that already, but not if the new
  // index equals the one it replaces, or if another manager has put the history in order meanwhile.
  private func record(_ save: ManagedSave, _ found: inout ManagedDirectory, _ lock: SaveLocation)
    throws(CheckpointError)
  {
    let name = save.entry.name
    guard
      found.history.checkpoints.last?.name != name
        || found.history.saving.contains(where: { $0.entry.name == name })
    else { return }
    found.history.commit(save.entry)
    try place.write(found.history, lock: lock)
  }
}
