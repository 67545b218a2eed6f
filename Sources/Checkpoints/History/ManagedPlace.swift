import CheckpointStore
import CheckpointBundle
import CheckpointIO

/// Where a manager saves: a directory, the name of its checkpoints, and the files beside them.
struct ManagedPlace: Sendable {
  /// The directory; `.` for an empty name.
  let directory: String
  let naming: CheckpointNaming
  /// What new checkpoints are.
  let format: CheckpointFormat
  let stateFilename: String
  /// What the names of files with graphs end in, which are removed with their checkpoints; empty if
  /// there are none.
  let metaSuffix: String
  let options: FileOptions
  // What the paths of checkpoints begin with: the directory, and a slash if it has a name.
  private let beginning: String
  private let states = TextMemory<StateFile.Content>()
  private let histories = TextMemory<CheckpointHistory>()

  var fileSystem: any FileSystem { options.fileSystem }

  /// Names a place, which need not exist.
  ///
  /// - Throws: `invalidArgument` for names that cannot be files' names; `pathConflict` for a state
  ///   file that would be overwritten.
  init(
    directory: String, name: String, stepPadding: Int = 0, stateFilename: String,
    metaSuffix: String = "", format: CheckpointFormat = .v2, options: FileOptions
  ) throws(CheckpointError) {
    let path = directory.isEmpty ? "." : try PathText.path(directory)
    self.directory = Path.withoutTrailingSlashes(path)
    beginning = Path.join(self.directory, "")
    naming = try CheckpointNaming(name, padding: stepPadding, format: format)
    self.format = format
    self.stateFilename = stateFilename
    self.metaSuffix = metaSuffix
    self.options = options
    try checkPath(self.directory)
    let state = try StateFile(in: self.directory, name: stateFilename)
    guard naming.number(ofFile: stateFilename) == nil, state.path != historyPath else {
      throw CheckpointError(
        .pathConflict, "the checkpoints' files would overwrite the state file; rename one",
        file: state.path)
    }
  }

  /// The prefix of a checkpoint by its name.
  func path(_ name: String) -> String { Path.join(directory, name) }

  /// All names in the directory; none if there is no directory.
  ///
  /// - Throws: `io` if the system fails.
  func names() throws(CheckpointError) -> [String] {
    guard try fileSystem.status(of: directory) != nil else { return [] }
    return try fileSystem.namesInDirectory(directory)
  }

  /// The file with what the manager knows of its checkpoints.
  var historyPath: String { path(naming.stem + CheckpointFileName.historySuffix) }

  /// The state file.
  func stateFile() throws(CheckpointError) -> StateFile {
    try StateFile(
      in: directory, name: stateFilename, fileSystem: fileSystem, memory: states)
  }

  /// The name of a checkpoint of the manager by its path; `nil` for any other path.
  func name(ofPath path: String) -> String? { number(ofPath: path).map(naming.name) }

  /// The number of a checkpoint of the manager by its path; `nil` for any other path.
  func number(ofPath path: String) -> Int? {
    guard path.begins(with: beginning) else { return nil }
    return naming.number(of: String(Substring(path.utf8.dropFirst(beginning.utf8.count))))
  }

  /// Takes the lock without which nobody changes the history, the state file, or what is kept.
  ///
  /// - Throws: `busy` if somebody holds it for seconds; `io` if the system fails.
  func lock() throws(CheckpointError) -> SaveLocation {
    do throws(CheckpointError) {
      return try SaveLocation(historyPath, options: options, patience: .seconds(5))
    } catch  where error.code == .busy {
      throw CheckpointError(
        .busy, "another manager is at work in this directory; use another directory or name",
        file: historyPath)
    }
  }

  // MARK: The history

  /// Reads the history; `nil` if there is none.
  func readHistory() throws(CheckpointError) -> CheckpointHistory? {
    do throws(CheckpointError) {
      let text = try SmallFile.read(
        historyPath, fileSystem, check: CheckpointHistory.checkByteCount)
      guard let text else { return nil }
      return try histories.content(of: text) { text throws(CheckpointError) in
        try CheckpointHistory(text: text)
      }
    } catch {
      throw error.located(file: historyPath)
    }
  }

  /// Replaces the history.
  ///
  /// - Throws: `pathConflict` if what has the name is no history; `io` if the system fails.
  func write(_ history: CheckpointHistory, lock: SaveLocation) throws(CheckpointError) {
    try SmallFile.checkReplaceable(
      historyPath, fileSystem, what: "history of a manager",
      check: CheckpointHistory.checkByteCount,
      isOurs: CheckpointHistory.mayBe)
    let text = history.text
    try SmallFile.replace(with: text, in: lock)
    histories.note(history, of: text)
  }

  /// What tells a checkpoint from another one of the same name; `nil` if there is none.
  ///
  /// That is the checksum of its index; of a file that may be large, of what the file is like.
  func indexChecksum(_ name: String) throws(CheckpointError) -> UInt32? {
    guard let files = try CommittedFiles(of: path(name), fileSystem) else { return nil }
    let file = files.present[0]
    guard !files.isIndex else { return try fileSystem.openFile(file.path).checksum().value }
    let identity = "\(file.status.identity) \(file.status.byteCount) \(file.status.modified)"
    return unsafe CRC32C(of: Array(identity.utf8).span.bytes).value
  }
}
