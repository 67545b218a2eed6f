import CheckpointTensors
import CheckpointPlans
import CheckpointGraph
import CheckpointIO

/// What a restore by a manager leaves.
enum RestoredContent {
  case objects(LoadStatus)
  case names(RestoreReport)
}

/// What a manager saves and restores: the objects of a ``Checkpoint``, or the variables of a ``Saver``.
protocol ManagedContent: AnyObject {
  /// How the files are written.
  var options: SaveOptions { get }
  /// The number of the last save, as the content itself counts.
  var saveCount: Int64 { get }
  /// Begins the save of this number, which the content counts from now on.
  func beginSave(_ number: Int64)
  /// What there is to write at this moment, spread over data files.
  func savePlan(_ options: SaveOptions) throws(CheckpointError) -> SavePlan
  /// What this process writes of that, if several save together.
  func saveShare(_ options: SaveOptions, _ meeting: ProcessMeeting) throws(CheckpointError)
    -> SavePlan.Share
  /// What there is to write with the values of this moment, for another thread, which works out what it can.
  func snapshot(_ options: SaveOptions) throws(CheckpointError) -> SaveSnapshot
  /// Restores a checkpoint, entirely or not at all.
  func restoreManaged(from path: String, _ options: RestoreOptions, origin: String)
    throws(CheckpointError) -> RestoredContent
  /// The same; another thread reads the files meanwhile.
  nonisolated(nonsending) func restoreManaged(
    from path: String, _ options: RestoreOptions, origin: String, in background: BackgroundSteps
  ) async throws(CheckpointError) -> RestoredContent
}

extension ManagedContent {
  /// The number after that of the last save.
  var nextCount: Int64 { saveCount == .max ? .max : saveCount + 1 }
}

extension ManagedContent {
  func snapshot(_ options: SaveOptions) throws(CheckpointError) -> SaveSnapshot {
    try SaveSnapshot(savePlan(options))
  }
}

extension Saver: ManagedContent {
  /// None: a saver does not count.
  var saveCount: Int64 { 0 }

  func beginSave(_ number: Int64) {}

  func restoreManaged(from path: String, _ options: RestoreOptions, origin: String)
    throws(CheckpointError) -> RestoredContent
  {
    .names(try restore(from: path, options: options))
  }

  nonisolated(nonsending) func restoreManaged(
    from path: String, _ options: RestoreOptions, origin: String, in background: BackgroundSteps
  ) async throws(CheckpointError) -> RestoredContent {
    guard !content.isEmpty else { return .names(RestoreReport(ofNothingAt: path)) }
    return .names(try await restore(from: path, nil, options, in: background))
  }
}

extension Checkpoint: ManagedContent {
  var saveCount: Int64 { saveCounter.value[] }

  func beginSave(_ number: Int64) {
    roots.usesCounter = true
    saveCounter.value[] = number
  }

  func restoreManaged(from path: String, _ options: RestoreOptions, origin: String)
    throws(CheckpointError) -> RestoredContent
  {
    roots.usesCounter = true
    return .objects(try load(path, options, "", nil, origin: origin))
  }

  nonisolated(nonsending) func restoreManaged(
    from path: String, _ options: RestoreOptions, origin: String, in background: BackgroundSteps
  ) async throws(CheckpointError) -> RestoredContent {
    roots.usesCounter = true
    return .objects(
      try await load(path, options, "", nil, origin: origin, in: background))
  }
}
