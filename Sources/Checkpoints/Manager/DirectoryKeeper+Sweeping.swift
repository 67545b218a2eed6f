import CheckpointBundle
import CheckpointIO
import CheckpointSafetensors
import CheckpointStore

extension DirectoryKeeper {
  /// What the policy says of the managed checkpoints.
  func plan(for found: ManagedDirectory) -> RetentionPolicy.Plan {
    retention.plan(for: found.leastUsefulFirst, since: found.history.since)
  }

  /// Brings state file, history and checkpoints to what the policy wants.
  ///
  /// The state file lists those that are to go until they are gone: a TensorFlow manager that takes
  /// over in between deletes them.
  ///
  /// - Parameters:
  ///   - found: What there is; afterwards what there is then.
  ///   - latest: The newest checkpoint.
  ///   - lock: The directory's lock.
  /// - Returns: What was deleted, and what could not be.
  /// - Throws: `io` if the system fails.
  func sweep(_ found: inout ManagedDirectory, latest: String?, _ lock: SaveLocation)
    throws(CheckpointError) -> (
      removed: [RetentionPolicy.SavedCheckpoint], problems: [CheckpointError]
    )
  {
    var plan = plan(for: found)
    found.announced = latest
    // Others may go only if the kept checkpoints really are there. If one has gone, the plan changes, and the ones
    // that it keeps instead are checked as well.
    while !plan.removed.isEmpty, try found.lookAgain(at: plan.kept) { plan = self.plan(for: found) }
    guard !plan.removed.isEmpty else {
      try writeState(&found, latest: latest, plan, lock)
      return ([], [])
    }
    // The history has to know first what is kept for good, since the state file does not list that any more.
    if found.history.keep(plan) { try place.write(found.history, lock: lock) }
    try writeState(found, latest: latest, plan, preserved: found.history.preserved)
    let problems = CheckpointDirectory.Files.remove(
      plan.removed.map {
        CheckpointDirectory.Files(of: $0.path, metaSuffix: place.metaSuffix, options: place.options)
      }, options: place.options)
    var removed: [RetentionPolicy.SavedCheckpoint] = []
    for checkpoint in plan.removed {
      if try !place.fileSystem.hasCheckpoint(at: checkpoint.path) { removed.append(checkpoint) }
    }
    let names = Set(removed.map { Path($0.path).name })
    found.history.checkpoints.removeAll { names.contains($0.name) }
    try writeState(&found, latest: latest, self.plan(for: found), lock)
    return (removed, problems)
  }

  /// Writes the state file, and before it what the history has to know of it.
  func writeState(
    _ found: inout ManagedDirectory, latest: String?, _ plan: RetentionPolicy.Plan,
    _ lock: SaveLocation
  ) throws(CheckpointError) {
    let isNews = found.history.keep(plan) || plan.lastPreserved != found.history.preserved
    found.history.lastPreserved = plan.lastPreserved
    if isNews { try place.write(found.history, lock: lock) }
    try writeState(found, latest: latest, plan, preserved: plan.lastPreserved)
  }

  // Lists the checkpoints that are to go, now or one day. Those that must stay are not listed, since TensorFlow's
  // manager would delete them: pinned ones, the best, one of so many steps. The newest has to be listed in any
  // case. If it must stay, its time says so: TensorFlow manages only what is newer than the last one that was
  // kept for good.
  private func writeState(
    _ found: ManagedDirectory, latest: String?, _ plan: RetentionPolicy.Plan, preserved: Double?
  ) throws(CheckpointError) {
    guard let latest else { return }
    var listed = plan.decisions.filter { $0.isActive || !$0.stays }.map(\.checkpoint)
    let newest = listed.firstIndex { FileName($0.path) == FileName(latest) }
      .map { listed.remove(at: $0) }
    let time = newest?.time ?? preserved ?? 0
    let state = try CheckpointDirectory.State(
      latest: latest, all: listed.map(\.path) + [latest], timestamps: listed.map(\.time) + [time],
      lastPreserved: preserved)
    try place.stateFile().write(state, durability: place.options.durability)
  }
}

extension CheckpointHistory {
  /// When the last checkpoint was saved that is kept for good, or when that began to matter.
  var preserved: Double? { lastPreserved ?? since }

  /// Notes which checkpoints a period has kept for good.
  ///
  /// - Returns: Whether that is news.
  mutating func keep(_ plan: RetentionPolicy.Plan) -> Bool {
    let preserved = Set(plan.decisions.filter(\.isPreserved).map { Path($0.checkpoint.path).name })
    guard !preserved.isEmpty else { return false }
    var isNews = false
    for index in checkpoints.indices where preserved.contains(checkpoints[index].name) {
      isNews = isNews || !checkpoints[index].isPreserved
      checkpoints[index].isPreserved = true
    }
    return isNews
  }
}

extension ManagedPlace {
  /// Removes what dead processes have left, as far as it can: a manager works without that.
  func removeLeftovers() {
    Leftovers.removeAll(in: directory, fileSystem: fileSystem)
    guard format == .modelDirectory else { return }
    for name in (try? fileSystem.namesInDirectory(directory)) ?? []
    where naming.number(of: name) != nil {
      StandingModel.removeLeftovers(in: path(name), options: options)
    }
  }

  /// Removes what is left of checkpoints that the history knows and that are not whole.
  func removeUnfinished(_ names: [String]) {
    for name in names {
      try? BundleRemoval.removeStrays(of: path(name), fileSystem: fileSystem)
    }
  }
}
