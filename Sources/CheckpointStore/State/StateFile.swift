package import CheckpointIO
import CheckpointWire

/// The `checkpoint` file of a directory: read whole, replaced atomically.
///
/// Source: tensorflow/python/checkpoint/checkpoint_management.py,
/// `update_checkpoint_state_internal`.
package struct StateFile: Sendable {
  /// How the paths of checkpoints are written down.
  package enum PathStyle: Sendable, Hashable {
    /// Relative to the directory, so that it can be moved: the default.
    case relative
    /// Absolute paths as they are, others relative to the directory: what TensorFlow 1 did.
    case asGiven
  }

  /// The directory; `.` for an empty name.
  package let directory: String
  /// The file's name in it.
  package let name: String
  private let fileSystem: any FileSystem
  private let memory: TextMemory<Content>?

  /// What a state file says.
  package struct Content: Sendable {
    /// The state, its paths resolved.
    let state: CheckpointDirectory.State
    /// The newest checkpoint's path, as the file has it.
    let recorded: String
  }

  /// The file's path.
  package var path: String { Path.join(directory, name) }

  /// Names a state file, which need not exist.
  ///
  /// - Parameters:
  ///   - directory: The directory.
  ///   - name: The file's name in it.
  ///   - fileSystem: Where.
  ///   - memory: What the file of this path, and of no other, said before: paths in it are resolved.
  /// - Throws: `invalidArgument` for a name that is none, or that leads out of the directory.
  package init(
    in directory: String, name: String = CheckpointFileName.stateFile,
    fileSystem: any FileSystem = LocalFileSystem(), memory: TextMemory<Content>? = nil
  ) throws(CheckpointError) {
    guard !name.isEmpty, name != ".", name != "..", !name.utf8.contains(UInt8(ascii: "/")) else {
      throw CheckpointError(
        .invalidArgument,
        "'\(name)' cannot be a state file's name; it lies in the directory of the checkpoints")
    }
    self.directory = directory.isEmpty ? "." : try PathText.path(directory)
    self.name = name
    self.fileSystem = fileSystem
    self.memory = memory
  }
}

// Reading.
extension StateFile {
  /// The state, its paths resolved; `nil` if there is no file.
  ///
  /// - Throws: `corrupt` if the file is no state file; `io` if the system refuses.
  package func read() throws(CheckpointError) -> CheckpointDirectory.State? {
    try readContent()?.state
  }

  /// The state, and where the newest checkpoint is that it names; `nil` if there is no file.
  ///
  /// That is where the file says; if it is not there, but one of its name is in this directory, here: the
  /// directory was moved, or the file was written on another system or from another working directory.
  /// What the file lists besides is taken at its word: whoever deletes by the list deletes nothing else.
  ///
  /// - Throws: As ``read()``.
  package func readNewest() throws(CheckpointError) -> (
    state: CheckpointDirectory.State, newest: String
  )? {
    guard let content = try readContent() else { return nil }
    return (content.state, try locate(content.recorded))
  }

  private func content(_ message: CheckpointStateMessage) -> Content {
    var resolved = message
    resolved.modelCheckpointPath = resolve(message.modelCheckpointPath)
    resolved.allModelCheckpointPaths = message.allModelCheckpointPaths.map(resolve)
    return Content(
      state: CheckpointDirectory.State(resolved: resolved), recorded: message.modelCheckpointPath)
  }

  private func read(_ text: [UInt8]) throws(CheckpointError) -> Content {
    let message = try CheckpointStateMessage(text: text.span)
    try Self.check(message)
    return content(message)
  }

  // `nil` if there is no file.
  private func readContent() throws(CheckpointError) -> Content? {
    do throws(CheckpointError) {
      let bytes = try SmallFile.read(path, fileSystem, check: TextFormatReader.checkByteCount)
      guard let bytes else { return nil }
      guard let memory else { return try read(bytes) }
      return try memory.content(of: bytes) { bytes throws(CheckpointError) in try read(bytes) }
    } catch {
      var error = error.located(file: path)
      let content = error.saysNothingOfContent ? nil : ForeignContent(at: path, fileSystem)
      if let content, content != .empty, content != .stateFile { error.message = content.sentence }
      if error.code == .corrupt { error.message += Self.advice }
      throw error
    }
  }

  /// What is wrong with a file, of the error that says so, and where; without what to do.
  static func finding(of error: CheckpointError) -> String {
    let place = error.offset.map { "byte \($0): " } ?? ""
    return place + (error.message.removing(suffix: advice) ?? error.message)
  }

  private static let advice =
    "; this file cannot tell the newest checkpoint, restore one by its prefix"

  /// The path that a recorded one stands for: it starts in the directory unless it is absolute.
  ///
  /// A URL that leads elsewhere, `gs://bucket/run/ckpt-7`, stands for a checkpoint of that name beside the state
  /// file: the directory was copied from there.
  private func resolve(_ recorded: String) -> String {
    let path = PathText.pathIfAny(recorded)
    guard !PathText.leadsElsewhere(recorded) else {
      return Path.join(directory, Self.lastComponent(of: path))
    }
    return Path.isAbsolute(path) ? path : Path.join(directory, path)
  }

  // A recorded path whose directory has been moved is looked for beside the state file. A relative path with `..`
  // is not: it means another directory.
  private func locate(_ recorded: String) throws(CheckpointError) -> String {
    let place = try whole(resolve(recorded))
    let path = PathText.pathIfAny(recorded)
    let beside = try whole(Path.join(directory, Self.lastComponent(of: path)))
    let leavesDirectory = path.utf8.split(separator: UInt8(ascii: "/")).contains {
      $0.elementsEqual("..".utf8)
    }
    guard FileName(place) != FileName(beside), Path.isAbsolute(path) || !leavesDirectory,
      try !fileSystem.hasCheckpoint(at: place), try fileSystem.hasCheckpoint(at: beside)
    else { return place }
    return beside
  }

  // People sometimes write the name of one file there: the whole checkpoint is meant.
  private func whole(_ path: String) throws(CheckpointError) -> String {
    let place = Path(path)
    let checkpoint = CheckpointFileName.checkpoint(meantBy: place.name)
    guard FileName(checkpoint) != FileName(place.name), try !fileSystem.hasBundle(at: path) else {
      return path
    }
    let other = Path.join(place.directory, checkpoint)
    return try fileSystem.hasCheckpoint(at: other) ? other : path
  }

  /// What follows the last slash or backslash of a recorded path.
  package static func lastComponent(of recorded: String) -> String {
    let bytes = recorded.utf8
    let mark = bytes.lastIndex { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "\\") }
    return mark.map { String(recorded[bytes.index(after: $0)...]) } ?? recorded
  }

  private static func check(_ message: CheckpointStateMessage) throws(CheckpointError) {
    guard !message.modelCheckpointPath.isEmpty else {
      throw CheckpointError(.corrupt, "there is no model_checkpoint_path")
    }
    for path in message.allModelCheckpointPaths + [message.modelCheckpointPath] {
      guard !path.isEmpty, !path.utf8.contains(0) else {
        throw CheckpointError(.corrupt, "a path is empty or contains the character U+0000")
      }
    }
  }
}

// Writing.
extension StateFile {
  /// Replaces the file: a reader finds the old one or the new one, whole.
  ///
  /// - Parameters:
  ///   - state: What to write; paths as the program uses them, not relative to the directory.
  ///   - style: How paths are written down.
  ///   - durability: Whether to wait until the disk has it.
  ///   - repairs: Whether a text that is none any more is replaced as well: what somebody has spoilt.
  ///   - isWanted: Asked while nobody else can write the file.
  /// - Returns: Whether it was wanted.
  /// - Throws: `pathConflict` if a checkpoint's files would have this file's name, or if what has the
  ///   name is no state file; `invalidArgument` for a path that cannot be written relative to the
  ///   directory; `io` if the system fails; `busy` if somebody else holds the file for seconds. The old
  ///   file is unchanged then, unless only the last step failed: to make the new one durable.
  @discardableResult
  package func write(
    _ state: CheckpointDirectory.State, paths style: PathStyle = .relative,
    durability: FileOptions.Durability = .full,
    repairs: Bool = false,
    if isWanted: () throws(CheckpointError) -> Bool = { () throws(CheckpointError) in true }
  ) throws(CheckpointError) -> Bool {
    let message = try message(of: state, paths: style)
    let text = message.text
    do throws(CheckpointError) {
      try TextFormatReader.checkByteCount(UInt64(text.count))
      // Others hold the file only while they write a few lines: it pays to wait.
      var options = FileOptions()
      options.fileSystem = fileSystem
      options.durability = durability
      options.createsDirectories = false
      let location = try SaveLocation(path, options: options, patience: .seconds(5))
      try checkReplaceable(repairs: repairs)
      let isWanted = try isWanted()
      if isWanted {
        try SmallFile.replace(with: text, in: location)
        memory?.note(content(message), of: text)
      }
      try location.finish()
      return isWanted
    } catch {
      throw error.located(file: path)
    }
  }

  /// Checks that saving a checkpoint would not overwrite this file, and that this file can be written
  /// afterwards: to be asked before a save.
  ///
  /// - Throws: `pathConflict` if the checkpoint's prefix, or a file that begins with it, has this
  ///   file's path, or if what has this path is no state file; `invalidArgument` as
  ///   ``write(_:paths:durability:repairs:if:)`` does; `io` if the system fails.
  package func checkConflict(with prefix: String) throws(CheckpointError) {
    try checkName(of: prefix)
    try checkReplaceable()
  }

  private func checkReplaceable(repairs: Bool = false) throws(CheckpointError) {
    let isOurs: ([UInt8]) -> Bool = { text in
      repairs ? Self.mayHaveBeen(text) : Self.mayBe(text)
    }
    try SmallFile.checkReplaceable(
      path, fileSystem, what: "state file", check: TextFormatReader.checkByteCount,
      isOurs: isOurs)
  }

  // Whether it may be a state file that somebody has spoilt: it is text, and no other known kind of file.
  private static func mayHaveBeen(_ text: [UInt8]) -> Bool {
    guard !mayBe(text) else { return true }
    let content = ForeignContent(Array(text.prefix(ForeignContent.byteCount)))
    let isText = text.allSatisfy { $0 >= 0x20 || [0x09, 0x0A, 0x0D].contains($0) }
    return isText && (content == nil || content == .stateFile || content == .empty)
  }

  // Whether it is a state file: it can be read as one, or begins like one and is damaged or cut short.
  private static func mayBe(_ text: [UInt8]) -> Bool {
    let beginning = "model_checkpoint_path"
    if text.starts(with: beginning.utf8) || TornText.mayBegin(text, with: beginning) { return true }
    guard let message = try? CheckpointStateMessage(text: text.span) else { return false }
    return !message.modelCheckpointPath.isEmpty
  }

  private func checkName(of prefix: String) throws(CheckpointError) {
    let recorded = try record(prefix, as: .relative)
    let taken = [recorded, recorded + ".index", recorded + ".meta"]
    guard !taken.contains(where: { $0.utf8.elementsEqual(name.utf8) }),
      !name.utf8.starts(with: (recorded + ".data-").utf8)
    else {
      throw CheckpointError(
        .pathConflict, "the checkpoint '\(prefix)' would overwrite the state file; rename one",
        file: path)
    }
  }

  private func message(of state: CheckpointDirectory.State, paths style: PathStyle)
    throws(CheckpointError)
    -> CheckpointStateMessage
  {
    try checkName(of: state.latest)
    var message = CheckpointStateMessage()
    message.modelCheckpointPath = try record(state.latest, as: style)
    for path in state.all { message.allModelCheckpointPaths.append(try record(path, as: style)) }
    message.allModelCheckpointTimestamps = state.timestamps
    message.lastPreservedTimestamp = state.lastPreserved ?? 0
    return message
  }

  private func record(_ path: String, as style: PathStyle) throws(CheckpointError) -> String {
    try checkPath(path)
    guard !["", ".", ".."].contains(Path(path).name) else {
      throw CheckpointError(.invalidArgument, "a checkpoint's path ends with a name", file: path)
    }
    if style == .asGiven, Path.isAbsolute(path) { return path }
    if let relative = RelativePath.path(path, from: directory) { return relative }
    guard !Path.isAbsolute(path) else { return path }  // right until the checkpoint is moved
    throw CheckpointError(
      .invalidArgument,
      "the way here from '\(directory)' is not known; give both as absolute paths, or neither",
      file: path)
  }
}
