package import CheckpointIO
import CheckpointSafetensors

/// What the files of a directory are: the one answer, whoever asks.
///
///     let listing = try DirectoryListing(of: "run", fileSystem: fileSystem)
///     for checkpoint in try listing.newestFirst() { print(checkpoint.path) }
///
/// Names come first (``CheckpointFileName``): an index, parts with their numbers, the graph beside a
/// checkpoint. A file of any other name may be a V1 or a safetensors file: there the content decides
/// (``CheckpointFormat``). An index counts before a file of the same path, as in TensorFlow. The index of a
/// model says by itself which files are the model's.
package struct DirectoryListing: Sendable {
  /// The directory's path.
  package let directory: String
  /// The names in it, in byte order.
  package let names: [String]
  private let known: Set<FileName>
  private let parts: [FileName: [String]]  // the names of those that are there, by their pattern
  private let modelIndexes: [FileName: String]  // by the names of the files that they name
  private let replacedFiles: [FileName: String]  // by the index that stands for them now
  /// Why the index of a model could not be read, the first one; nobody knows which files are that model's.
  let indexRefusal: CheckpointError?
  private let appleDoubles: Set<FileName>  // `._ckpt-7.index`, of macOS
  private let fileSystem: any FileSystem

  /// Lists a directory.
  ///
  /// - Parameters:
  ///   - directory: Its path.
  ///   - fileSystem: Where.
  ///   - toleratesRefusals: Whether the index of a model that cannot be read is no error: it names no files
  ///     then.
  /// - Throws: `notFound` if there is none; `io` if the system refuses.
  package init(
    of directory: String, fileSystem: any FileSystem, toleratesRefusals: Bool = false
  ) throws(CheckpointError) {
    try self.init(
      of: directory, names: fileSystem.namesInDirectory(directory), fileSystem: fileSystem,
      toleratesRefusals: toleratesRefusals)
  }

  /// The same of some of the names in a directory, in any order.
  init(
    of directory: String, names: [String], fileSystem: any FileSystem,
    toleratesRefusals: Bool = false
  ) throws(CheckpointError) {
    self.directory = directory
    self.fileSystem = fileSystem
    let names = names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    self.names = names
    known = Set(names.map(FileName.init))
    let appleDoubles = Set(
      names.filter { AppleDouble.isOne(Path.join(directory, $0), fileSystem) }.map(FileName.init))
    self.appleDoubles = appleDoubles
    var parts: [FileName: [String]] = [:]
    for name in names where !appleDoubles.contains(FileName(name)) {
      guard let pattern = PartsName(part: name)?.pattern else { continue }
      parts[FileName(pattern), default: []].append(name)
    }
    self.parts = parts
    var (modelIndexes, replacedFiles): ([FileName: String], [FileName: String]) = ([:], [:])
    var refusal: CheckpointError?
    for name in names
    where name.removing(suffix: ModelIndex.ending) != nil && !appleDoubles.contains(FileName(name))
    {
      let index: ModelIndex?
      do throws(CheckpointError) {
        index = try ModelIndex(filesOf: Path.join(directory, name), fileSystem)
      } catch {
        guard toleratesRefusals, error.code == .io else { throw error }
        (index, refusal) = (nil, refusal ?? error)
      }
      for file in index?.filesBeside ?? [] where modelIndexes[FileName(file)] == nil {
        modelIndexes[FileName(file)] = name
      }
      replacedFiles[FileName(name)] = index?.replaces
    }
    (self.modelIndexes, self.replacedFiles) = (modelIndexes, replacedFiles)
    indexRefusal = refusal
  }

  /// Lists a directory; `nil` if there is none.
  ///
  /// - Throws: `io` if the system refuses.
  package init?(ofAny directory: String, fileSystem: any FileSystem) throws(CheckpointError) {
    guard let names = try Self.names(ofAny: directory, fileSystem: fileSystem) else { return nil }
    try self.init(of: directory, names: names, fileSystem: fileSystem)
  }

  /// The names in a directory; `nil` if there is none.
  ///
  /// - Throws: `io` if the system refuses.
  static func names(ofAny directory: String, fileSystem: any FileSystem) throws(CheckpointError)
    -> [String]?
  {
    guard try fileSystem.status(of: directory)?.kind == .directory else { return nil }
    do throws(CheckpointError) {
      return try fileSystem.namesInDirectory(directory)
    } catch {
      guard error.code == .notFound else { throw error }
      return nil  // it went
    }
  }

  /// Whether a name is there.
  package func has(_ name: String) -> Bool { known.contains(FileName(name)) }

  /// Whether a name is that of a file of macOS which belongs to another file: `._ckpt-7.index`.
  func isAppleDouble(_ name: String) -> Bool { appleDoubles.contains(FileName(name)) }

  /// The path of a name.
  package func path(_ name: String) -> String { Path.join(directory, name) }

  /// The index that names a file of a model.
  func modelIndex(naming name: String) -> String? { modelIndexes[FileName(name)] }

  /// Whether a model's index says that a file beside it is what it has replaced, and the file is older.
  func isReplaced(_ file: ListedCheckpoint, by index: ListedCheckpoint) -> Bool {
    guard let replaced = replacedFiles[FileName(index.name.name)] else { return false }
    return FileName(replaced) == FileName(file.name.name) && file.modified <= index.modified
  }

  /// The names of the parts of a pattern that are there.
  func parts(of pattern: String) -> [String] { parts[FileName(pattern)] ?? [] }

  // MARK: Checkpoints

  /// What a candidate is.
  ///
  /// - Returns: `nil` if it is no checkpoint, or has gone.
  /// - Throws: `io` if the system refuses.
  package func checkpoint(_ candidate: Candidate) throws(CheckpointError) -> ListedCheckpoint? {
    switch candidate.file {
    case .index(let prefix): try bundle(prefix, candidate.name)
    case .part(let parts): try self.parts(parts, candidate.name)
    case .modelIndex: try model(candidate.name)
    default: try single(candidate.name)
    }
  }

  private func bundle(_ prefix: String, _ name: NumberedName) throws(CheckpointError)
    -> ListedCheckpoint?
  {
    guard let status = try file("\(prefix).index") else { return nil }
    return ListedCheckpoint(
      path: path(prefix), format: .v2, name: name, modified: status.modified,
      isEmpty: status.byteCount == 0)
  }

  private func parts(_ parts: PartsName, _ name: NumberedName) throws(CheckpointError)
    -> ListedCheckpoint?
  {
    guard try !hasIndex(parts.pattern) else { return nil }
    var (present, modified): ([String], FileTime?) = ([], nil)
    var format: CheckpointFormat?
    for part in self.parts(of: parts.pattern) {
      guard let status = try file(part) else { continue }
      present.append(part)
      modified = max(modified ?? status.modified, status.modified)
      // A part that is cut short has no format; the other parts tell.
      if format == nil { format = try CheckpointFormat(ofFile: path(part), fileSystem) }
    }
    if parts.isSafetensors { format = .modelDirectory }
    guard let format, let modified else { return nil }
    return ListedCheckpoint(
      path: path(parts.pattern), format: format, name: name, modified: modified, parts: parts,
      missing: parts.missing(besides: present))
  }

  private func model(_ index: NumberedName) throws(CheckpointError) -> ListedCheckpoint? {
    guard var modified = try file(index.name)?.modified else { return nil }
    var missing: [String] = []
    for (name, owner) in modelIndexes where FileName(owner) == FileName(index.name) {
      if let status = try file(name.text) {
        modified = max(modified, status.modified)
      } else {
        missing.append(name.text)
      }
    }
    return ListedCheckpoint(
      path: path(index.name), format: .modelDirectory, name: index, modified: modified,
      missing: missing.sorted { FileName($0) < FileName($1) })
  }

  // A subdirectory counts as a checkpoint if its name has a number, as a manager's model directories do.
  private func directory(_ name: NumberedName) throws(CheckpointError) -> ListedCheckpoint? {
    guard name.step != nil,
      let listing = try DirectoryListing(ofAny: path(name.name), fileSystem: fileSystem),
      let model = try listing.modelIfOne()
    else { return nil }
    return ListedCheckpoint(
      path: path(name.name), format: .modelDirectory, name: name, modified: model.modified,
      missing: model.missing)
  }

  private func single(_ name: NumberedName) throws(CheckpointError) -> ListedCheckpoint? {
    guard try !hasIndex(name.name) else { return nil }
    guard let status = try file(name.name) else { return try directory(name) }
    guard let format = try CheckpointFormat(ofFile: path(name.name), fileSystem) else { return nil }
    return ListedCheckpoint(
      path: path(name.name), format: format, name: name, modified: status.modified)
  }

  private func hasIndex(_ prefix: String) throws(CheckpointError) -> Bool {
    guard has("\(prefix).index") else { return false }
    return try file("\(prefix).index") != nil
  }

  private func file(_ name: String) throws(CheckpointError) -> FileStatus? {
    let status = try fileSystem.reachableStatus(of: path(name))
    return status?.kind == .file ? status : nil
  }

  // MARK: Answers

  /// The checkpoint that a file belongs to: as its index, data file, part or graph, or as all of it.
  ///
  /// - Returns: `nil` for a file of none.
  /// - Throws: `io` if the system refuses.
  package func owner(of name: String) throws(CheckpointError) -> ListedCheckpoint? {
    guard !isAppleDouble(name) else { return nil }
    switch CheckpointFileName(modelIndex(naming: name) ?? name) {
    case .index(let prefix): return try bundle(prefix, NumberedName(prefix))
    case .modelIndex: return try model(NumberedName(modelIndex(naming: name) ?? name))
    case .data(let data): return try bundle(data.prefix, NumberedName(data.prefix))
    case .part(let parts): return try self.parts(parts, NumberedName(parts.pattern))
    case .graph(let prefix):
      if let owner = try owner(ofGraph: prefix) { return owner }
      return try single(NumberedName(name))
    case .lock, .temporary, .state, .history, .tensorFlowTemporary: return nil
    case .single: return try single(NumberedName(name))
    }
  }

  private func owner(ofGraph prefix: String) throws(CheckpointError) -> ListedCheckpoint? {
    if let bundle = try bundle(prefix, NumberedName(prefix)) { return bundle }
    if let single = try single(NumberedName(prefix)) { return single }
    return try checkpoint(inPartsOf: prefix)
  }

  /// The checkpoint in several files that a path means: V1 or a model, by its pattern, or by what the names
  /// begin with.
  ///
  /// - Parameter name: The pattern, or the beginning of the names.
  /// - Returns: The first that is complete, or else the first; `nil` if no file is there.
  /// - Throws: `io` if the system refuses.
  package func checkpoint(inPartsOf name: String) throws(CheckpointError) -> ListedCheckpoint? {
    var torn: ListedCheckpoint?
    for file in names {
      guard let parts = PartsName(part: file),
        [parts.prefix, parts.pattern].contains(where: { FileName($0) == FileName(name) }),
        let found = try owner(of: file)
      else { continue }
      if found.missing.isEmpty { return found }
      if torn == nil { torn = found }
    }
    return torn
  }

  /// All checkpoints that there are, in byte order of the names of their files.
  ///
  /// - Throws: `io` if the system refuses.
  package func checkpoints() throws(CheckpointError) -> [ListedCheckpoint] {
    try checkpoints(among: candidates)
  }

  func checkpoints(among candidates: [Candidate]) throws(CheckpointError) -> [ListedCheckpoint] {
    var found: [ListedCheckpoint] = []
    for candidate in candidates {
      if let checkpoint = try checkpoint(candidate) { found.append(checkpoint) }
    }
    return found
  }
}
