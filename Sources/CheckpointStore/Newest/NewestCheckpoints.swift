import CheckpointBundle
package import CheckpointIO
import CheckpointSlices
import CheckpointTensors
import CheckpointWire

/// The newest checkpoint of a directory with a state file: one rule, whoever asks.
///
/// What the state file names is the newest, since people and other programs point it to what they want.
/// But a process may die when its checkpoint is complete and before the state file says so. So another
/// checkpoint is newer if all of this holds:
///
/// - it lies in the same directory, and has the same name with a higher number;
/// - the state file does not list it;
/// - it is complete;
/// - its index, or each of its files without one, was written strictly after the state file.
///
/// Where a file system's clock advances so slowly that both have the same time, the state file counts.
package struct NewestCheckpoints {
  /// What the state file says, its paths resolved; `nil` if there is none.
  package private(set) var state: CheckpointDirectory.State?
  /// The checkpoint that it names, if that is there.
  package private(set) var named: String?
  /// Those that are newer, the newest first.
  package private(set) var newer: [String] = []
  private let fileSystem: any FileSystem

  /// The newest; `nil` if the state file leads nowhere.
  package var newest: String? { newer.first ?? named }

  /// Looks at a directory.
  ///
  /// If what the state file names has gone, and the file says something else by then, that counts:
  /// whoever saves has moved on.
  ///
  /// - Parameters:
  ///   - file: The directory's state file, which need not exist.
  ///   - fileSystem: Where.
  /// - Throws: `corrupt` if the state file is none; `io` if the system fails.
  package init(_ file: StateFile, fileSystem: any FileSystem) throws(CheckpointError) {
    self.fileSystem = fileSystem
    for _ in 1...10 {
      // Before it is read: whatever replaces it in between has a higher number, or is listed there.
      let status = try fileSystem.status(of: file.path)
      let message = try file.readMessage()
      state = message.map(file.state)
      guard let message else { return }
      guard let status else { continue }  // it has come in between
      try look(file, message.modelCheckpointPath, status.modified)
      guard newest == nil, try fileSystem.status(of: file.path) != status else { return }
    }
  }

  private mutating func look(_ file: StateFile, _ recorded: String, _ time: FileTime)
    throws(CheckpointError)
  {
    let path = try place(of: recorded, file)
    named = try fileSystem.hasCheckpoint(at: path) ? path : nil
    let successors = try successors(of: path).filter { !isListed($0) }
    newer = []
    for successor in successors where try wasWritten(successor, after: time) {
      if try isComplete(successor) { newer.append(successor) }
    }
  }

  // If an absolute path leads nowhere, the directory was moved.
  private func place(of recorded: String, _ file: StateFile) throws(CheckpointError) -> String {
    let path = file.resolve(recorded)
    let isAbsolute = Path.isAbsolute(PathText.pathIfAny(recorded))
    guard isAbsolute, try !fileSystem.hasCheckpoint(at: path) else { return path }
    return Path.join(file.directory, Path(path).name)
  }

  // Wherever the list says that it is: in doubt the state file counts.
  private func isListed(_ path: String) -> Bool {
    let name = Path(path).name.utf8
    return state?.all.contains { Path($0).name.utf8.elementsEqual(name) } ?? false
  }

  // The names in its directory with its stem and higher numbers, the highest first.
  private func successors(of path: String) throws(CheckpointError) -> [String] {
    let (place, name) = (Path(path), NumberedName(Path(path).name))
    guard try fileSystem.status(of: place.directory)?.kind == .directory else { return [] }
    var names: [TensorKey: NumberedName] = [:]
    for file in try fileSystem.namesInDirectory(place.directory)
    where file.utf8.starts(with: name.stem.utf8) {
      let other = NumberedName(Self.checkpoint(ofFile: file))
      if other.comes(after: name) { names[TensorKey(other.name)] = other }
    }
    return names.values.sorted(by: >).map { Path.join(place.directory, $0.name) }
  }

  private static func checkpoint(ofFile name: String) -> String {
    let suffix = BundlePath.indexSuffix
    if name.hasSuffix(suffix) { return String(name.dropLast(suffix.count)) }
    return SlicesPath(shard: name)?.pattern ?? name
  }

  private func wasWritten(_ path: String, after time: FileTime) throws(CheckpointError) -> Bool {
    let index = BundlePath(path).index
    let hasIndex = try fileSystem.status(of: index) != nil
    for file in hasIndex ? [index] : SlicesPath(pattern: path)?.shards ?? [path] {
      guard let status = try fileSystem.status(of: file), status.kind == .file else { return false }
      guard status.modified > time else { return false }
    }
    return true
  }

  private func isComplete(_ path: String) throws(CheckpointError) -> Bool {
    do throws(CheckpointError) {
      try IntactCheck(fileSystem).check(path, .files)
      return true
    } catch  where IntactCheck.isDamage(error) || error.isOutdated {
      return false  // damaged, or gone
    }
  }
}
