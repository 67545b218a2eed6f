import CheckpointIO
import CheckpointPlans
import CheckpointStore

extension DirectoryKeeper {
  /// A save from its first file to its last, on a thread of its own.
  func carryOut(
    _ save: ManagedSave, _ snapshot: SaveSnapshot, _ options: SaveOptions,
    _ progress: OperationProgress
  ) throws(CheckpointError) -> ManagedSave.Finished {
    do throws(CheckpointError) {
      let plan = try snapshot.takePlan()
      try progress.check()
      let save = try open { found throws(CheckpointError) in
        try save.checkRoom(for: plan)
        var save = try renumbered(save, found)
        save.notes = plan.notes
        return save
      }
      do throws(CheckpointError) {
        try save.write(consume plan, options, progress)
      } catch {
        discard(save)
        throw error
      }
      return try finish(save)
    } catch {
      var error = error.located(file: save.path)
      error.message += "; this was a save in the background"
      throw error
    }
  }

  /// The save with another number, if somebody else has taken its own since the program looked at the
  /// directory the last time.
  ///
  /// The save counter in the snapshot does not know of the new one, and need not: numbers never go back.
  func renumbered(_ save: ManagedSave, _ found: ManagedDirectory) throws(CheckpointError)
    -> ManagedSave
  {
    guard save.isCounted, found.isTaken(save.number) else { return save }
    var save = save
    save.number = try CheckpointNaming.number(after: found.history.highest, in: place.directory)
    return save
  }
}
