import CheckpointStore
import CheckpointIO
import CheckpointTensors

/// Checkpoints that an earlier process has left in a directory: which of them stay for good, whatever
/// the policy of this one says.
///
/// - A saver leaves word in nothing but the state file, which lists those that may go one day. What it
///   does not list somebody has kept, a period or a person: it stays.
/// - If the state file says nothing of checkpoints of this name, a manager's history does.
/// - If nothing does, and the policy has periods, then an earlier process had them as well: all stay
///   that it would have deleted without them.
struct InheritedCheckpoints {
  private let directory: String
  private let settings: Saver.Settings
  private let files: FileOptions
  private let state: StateList
  private var histories: [FileName: CheckpointHistory?] = [:]

  /// Reads what the files beside them say; files that are damaged say nothing.
  ///
  /// - Throws: `io` if the system fails.
  init(in directory: String, _ settings: Saver.Settings, _ files: FileOptions)
    throws(CheckpointError)
  {
    self.directory = directory
    self.settings = settings
    self.files = files
    state = try StateList(in: directory, settings, files)
  }

  /// Marks those that stay.
  ///
  /// - Parameter checkpoints: Those of the directory, in the order in which they were saved.
  /// - Returns: The same.
  /// - Throws: `io` if the system fails.
  mutating func marked(_ checkpoints: [RetentionPolicy.SavedCheckpoint]) throws(CheckpointError)
    -> [RetentionPolicy.SavedCheckpoint]
  {
    var marked = checkpoints
    var doubtful: [RetentionPolicy.SavedCheckpoint] = []
    for index in marked.indices where try !mark(&marked[index]) { doubtful.append(marked[index]) }
    let kept = Set(keptInDoubt(doubtful).map { TensorKey($0.path) })
    for index in marked.indices where kept.contains(TensorKey(marked[index].path)) {
      marked[index].isPreserved = true
    }
    return marked
  }

  // Whether there is anything that tells.
  private mutating func mark(_ checkpoint: inout RetentionPolicy.SavedCheckpoint)
    throws(CheckpointError) -> Bool
  {
    let name = NumberedName(Path(checkpoint.path).name)
    if let isListed = state.lists(name) {
      checkpoint.isPreserved = checkpoint.isPreserved || !isListed
      return true
    }
    guard let history = try history(of: name) else { return false }
    let entry = history.checkpoints.first { $0.name.utf8.elementsEqual(name.name.utf8) }
    checkpoint.isPinned = entry?.isPinned ?? false
    checkpoint.isPreserved = entry?.isPreserved ?? true
    checkpoint.metrics = entry?.metrics ?? [:]
    return true
  }

  private mutating func history(of name: NumberedName) throws(CheckpointError) -> CheckpointHistory?
  {
    guard name.series.hasSuffix("-") else { return nil }
    if let known = histories[FileName(name.series)] { return known }
    // A stem that cannot be a manager's name has no history.
    let place = try? ManagedPlace(
      directory: directory, name: String(name.series.dropLast()), stepPadding: settings.stepPadding,
      stateFilename: settings.stateFilename, options: files)
    let history = try Self.unlessDamaged { () throws(CheckpointError) in try place?.readHistory() }
    histories[FileName(name.series)] = .some(history)
    return history
  }

  private func keptInDoubt(_ checkpoints: [RetentionPolicy.SavedCheckpoint]) -> [RetentionPolicy
    .SavedCheckpoint]
  {
    let rules = settings.retention.rules
    guard rules.contains(where: \.isPeriod) else { return [] }
    return RetentionPolicy(rules: rules.filter { !$0.isPeriod }).plan(for: checkpoints).removed
  }

  /// What a file says; `nil` for one that is damaged.
  fileprivate static func unlessDamaged<Value>(_ read: () throws(CheckpointError) -> Value?)
    throws(CheckpointError) -> Value?
  {
    do throws(CheckpointError) {
      return try read()
    } catch  where !error.saysNothingOfContent {
      CheckpointWarnings.warn("\(error); what it does not tell of checkpoints, nothing does")
      return nil
    }
  }
}

/// What a state file lists.
private struct StateList {
  private var names: Set<TensorKey> = []
  private var stems: Set<TensorKey> = []

  // A saver that does not write a state file reads none: one that is there is somebody else's.
  init(in directory: String, _ settings: Saver.Settings, _ files: FileOptions)
    throws(CheckpointError)
  {
    guard settings.updatesState else { return }
    let file = try StateFile(
      in: directory, name: settings.stateFilename, fileSystem: files.fileSystem)
    let state = try InheritedCheckpoints.unlessDamaged { () throws(CheckpointError) in
      try file.read()
    }
    for path in state?.all ?? [] {
      let name = NumberedName(Path(path).name)
      names.insert(TensorKey(name.name))
      stems.insert(TensorKey(name.series))
    }
  }

  /// Whether it lists a checkpoint; `nil` if it lists none of this name.
  func lists(_ name: NumberedName) -> Bool? {
    stems.contains(TensorKey(name.series)) ? names.contains(TensorKey(name.name)) : nil
  }
}
