import CheckpointStore
import CheckpointIO
import CheckpointSafetensors

// What a directory tells a manager, from four sources, of which each may be missing or wrong:
//
//   the files         say what there is; nothing else does
//   the history       says which of them a manager of this library has saved, when, and in which order
//   the state file    says which of them another manager may have saved, and may be deleted
//   the clock         says what time it is, if it is right
//
// A checkpoint is managed, and may be deleted one day, only if the history or the state file says so.
// All others count for numbers and for the newest, and are left alone.

/// The checkpoints of a directory, as a manager sees them at one moment.
struct ManagedDirectory: Sendable {
  /// What the manager knows, of checkpoints that are there.
  var history: CheckpointHistory
  /// Checkpoints of the manager's names that are there, but are not managed: by number.
  private(set) var unmanaged: [RetentionPolicy.SavedCheckpoint] = []
  /// The checkpoint that the state file names, if it is there.
  var announced: String?
  // Those that are newer than that, the newest first.
  private var unannounced: [String] = []
  /// What was wrong with the files beside the checkpoints.
  private(set) var problems: [CheckpointError] = []
  private let place: ManagedPlace
  private var files: CheckpointsByNumber
  /// Checkpoints of the history with data files that no index may stand for: what a dead save or
  /// removal has left.
  private(set) var unfinished: [String] = []

  /// Looks at a directory.
  ///
  /// - Parameters:
  ///   - place: The directory and the names; it need not exist.
  ///   - now: The time, in seconds since 1970.
  ///   - start: When the manager began, if nothing says that one has been here before.
  ///   - previous: What an earlier look has found: of these checkpoints the name alone is looked for.
  /// - Throws: `unsupported` for a history of a later version; `io` if the system fails. Damaged files
  ///   are no errors.
  init(
    _ place: ManagedPlace, now: Double, start: Double, after previous: ManagedDirectory? = nil
  ) throws(CheckpointError) {
    self.place = place
    history = CheckpointHistory()
    let names = try place.names()
    files = try CheckpointsByNumber(in: place, names: names, after: previous?.files)
    let known = try readHistory()
    history = known ?? history
    let newest = try readState(names)
    let state = newest?.state
    findUnfinished()
    try resolvePending()
    forgetMissing()
    if let state { take(state, isFirst: known == nil) }
    if known == nil, state == nil { history.since = start - 1 }  // as TensorFlow
    if let since = history.since { history.since = min(since, now) }  // the clock was set back
    history.highest = max(history.highest, files.highest)
    try findUnmanaged()
    (announced, unannounced) = (newest?.named, newest?.newer ?? [])
    if let newest = newest?.newest { follow(newest) }
  }

  // MARK: The files

  private func exists(_ name: String) -> Bool {
    place.naming.number(of: name).map(files.has) ?? false
  }

  private mutating func findUnmanaged() throws(CheckpointError) {
    var others = files.numbers
    for entry in history.checkpoints {
      if let number = place.naming.number(of: entry.name) { others.remove(number) }
    }
    for number in others.sorted() {
      guard let time = try files.time(of: number) else { continue }
      unmanaged.append(
        RetentionPolicy.SavedCheckpoint(
          path: place.path(place.naming.name(number)), step: number, time: time))
    }
  }

  /// Looks once more at checkpoints whose names alone were looked for: what has gone is managed no more.
  ///
  /// - Returns: Whether something has gone.
  mutating func lookAgain(at checkpoints: [RetentionPolicy.SavedCheckpoint])
    throws(CheckpointError) -> Bool
  {
    var missing: Set<String> = []
    for checkpoint in checkpoints {
      guard let number = place.number(ofPath: checkpoint.path) else { continue }
      if try files.hasGone(number) { missing.insert(place.naming.name(number)) }
    }
    history.checkpoints.removeAll { missing.contains($0.name) }
    return !missing.isEmpty
  }

  // MARK: The history

  private mutating func readHistory() throws(CheckpointError) -> CheckpointHistory? {
    do throws(CheckpointError) {
      guard var history = try place.readHistory() else { return nil }
      history.checkpoints.removeAll { place.naming.number(of: $0.name) == nil }
      history.saving.removeAll { place.naming.number(of: $0.entry.name) == nil }
      return history
    } catch  where error.isDamage {
      problems.append(error)
      return nil
    }
  }

  private mutating func forgetMissing() {
    history.checkpoints = history.checkpoints.filter { exists($0.name) }
  }

  private mutating func findUnfinished() {
    let missing = history.checkpoints.map(\.name).filter { !exists($0) }
    // Where nothing was replaced, all data files are the index's.
    let saving = history.saving.filter { $0.replacedIndex != nil || !exists($0.entry.name) }
    unfinished = (missing + saving.map(\.entry.name)).filter { name in
      place.naming.number(of: name).map(files.hasData) ?? false
    }
  }

  // A save came to its end if there is an index which was not there before.
  private mutating func resolvePending() throws(CheckpointError) {
    var unresolved: [CheckpointHistory.Pending] = []
    for pending in history.saving {
      let name = pending.entry.name
      if exists(name), try isNew(pending) {
        history.add(pending.entry)
      } else if try isInProgress(name) {
        unresolved.append(pending)
      }
    }
    history.saving = unresolved
  }

  private func isNew(_ pending: CheckpointHistory.Pending) throws(CheckpointError) -> Bool {
    guard let replaced = pending.replacedIndex else { return true }
    return try place.indexChecksum(pending.entry.name) != replaced
  }

  // Another process may be about to commit it.
  private func isInProgress(_ name: String) throws(CheckpointError) -> Bool {
    let targets = [place.path(name), StandingModel.target(in: place.path(name))]
    for target in targets
    where try place.fileSystem.status(of: TemporaryName.lock(for: target)) != nil { return true }
    return false
  }

  // MARK: The state file

  private mutating func readState(_ names: [String]) throws(CheckpointError) -> NewestCheckpoints? {
    do throws(CheckpointError) {
      return try NewestCheckpoints(place.stateFile(), names: names, fileSystem: place.fileSystem)
    } catch  where error.isDamage {
      problems.append(error)
      return nil
    }
  }

  // As TensorFlow's manager: what is not newer than the last one that was kept for good is not
  // managed. A state file of a `Saver` or `Checkpoint` has no times, and hands nothing over.
  private mutating func take(_ state: CheckpointDirectory.State, isFirst: Bool) {
    let preserved = state.lastPreserved ?? 0
    let listed = zip(state.all, state.timestamps).filter { $0.1 > preserved }
      .compactMap { path, time in place.number(ofPath: path).map { (number: $0, time: time) } }
    for (number, _) in listed { history.highest = max(history.highest, number) }
    if isFirst {
      history.since = state.lastPreserved
      history.lastPreserved = state.lastPreserved
    } else if preserved > max(history.lastPreserved ?? 0, history.since ?? 0) {
      release(upTo: preserved, listed: Set(listed.map { place.naming.name($0.number) }))
    }
    var known = Set(history.checkpoints.compactMap { place.naming.number(of: $0.name) })
    for (number, time) in listed where files.has(number) {
      guard known.insert(number).inserted else { continue }
      history.checkpoints.append(
        CheckpointHistory.Entry(name: place.naming.name(number), step: number, time: time))
    }
  }

  // Another manager has gone on from here, and has kept some for good.
  private mutating func release(upTo preserved: Double, listed: Set<String>) {
    let before = history.lastPreserved ?? history.since ?? 0
    for (index, entry) in history.checkpoints.enumerated()
    where entry.time > before && entry.time <= preserved && !listed.contains(entry.name) {
      history.checkpoints[index].isPreserved = true
    }
    history.since = preserved
    history.lastPreserved = preserved
  }

  // If the state file was pointed back, the training goes on from there: as if that had been saved
  // last.
  private mutating func follow(_ newest: String) {
    guard let name = place.name(ofPath: newest) else { return }
    guard let index = history.checkpoints.firstIndex(where: { $0.name == name }) else { return }
    history.checkpoints.append(history.checkpoints.remove(at: index))
  }
}

// What follows from it.
extension ManagedDirectory {
  /// Manages a checkpoint that is not managed yet: its place is that of its file's time.
  mutating func adopt(_ path: String) {
    guard let index = unmanaged.firstIndex(where: { $0.path.utf8.elementsEqual(path.utf8) }) else {
      return
    }
    let other = unmanaged.remove(at: index)
    let position = history.checkpoints.firstIndex { $0.time > other.time }
    history.checkpoints.insert(
      CheckpointHistory.Entry(name: Path(path).name, step: other.step, time: other.time),
      at: position ?? history.checkpoints.count)
  }

  /// The managed checkpoints, in the order in which they were saved.
  var checkpoints: [RetentionPolicy.SavedCheckpoint] { history.checkpoints.map(saved) }

  /// The managed checkpoints in the order in which they may go: damaged ones first.
  var leastUsefulFirst: [RetentionPolicy.SavedCheckpoint] {
    let sound = history.checkpoints.filter { !$0.isDamaged }
    return (history.checkpoints.filter(\.isDamaged) + sound).map(saved)
  }

  private func saved(_ entry: CheckpointHistory.Entry) -> RetentionPolicy.SavedCheckpoint {
    RetentionPolicy.SavedCheckpoint(
      path: place.path(entry.name), step: entry.step, time: entry.time, metrics: entry.metrics,
      isPinned: entry.isPinned, isPreserved: entry.isPreserved)
  }

  /// All checkpoints, the newest first: where to look for one to restore.
  ///
  /// Which one is the newest, ``NewestCheckpoints`` says. Without a state file that leads anywhere it
  /// is the last that a manager has saved; or what is newer than that both by its number and by its
  /// file's time.
  var newestFirst: [String] {
    let managed = checkpoints
    let newer = unmanaged.filter { Self.is($0, newerThan: managed.last) }
    let older = unmanaged.filter { !Self.is($0, newerThan: managed.last) }
    let last = unannounced + [announced].compactMap { $0 }
    let isLast = Set(last.map(FileName.init))
    let others = (older + managed + newer).map(\.path).filter { !isLast.contains(FileName($0)) }
    return last + others.reversed()
  }

  /// The first of them that is there: what a state file is to name.
  var newest: String? {
    let last = unannounced + [announced].compactMap { $0 }
    return last.first(where: isThere) ?? newestFirst.first(where: isThere)
  }

  private func isThere(_ path: String) -> Bool {
    place.number(ofPath: path).map { !files.isKnownToBeGone($0) } ?? true
  }

  private static func `is`(
    _ one: RetentionPolicy.SavedCheckpoint, newerThan other: RetentionPolicy.SavedCheckpoint?
  ) -> Bool {
    guard let other else { return true }
    return (one.step ?? 0) > (other.step ?? 0) && one.time > other.time
  }

  /// Whether a number is that of a checkpoint that is there, or was.
  func isTaken(_ number: Int) -> Bool { number <= history.highest }
}
