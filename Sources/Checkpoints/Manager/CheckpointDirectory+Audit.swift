public import CheckpointStore
import CheckpointBundle
public import CheckpointIO

extension CheckpointDirectory {
  /// What every file in a directory of checkpoints is.
  ///
  ///     let audit = try CheckpointDirectory.Audit(of: "run")
  ///     for file in audit.files { print(file) }  // torn: ckpt-9.index: byte 0: …
  ///     try audit.repair()
  ///
  /// Nothing is changed but by ``repair()``, and that touches neither checkpoints nor what belongs to
  /// somebody else.
  public struct Audit: Sendable {
    /// The directory.
    public let directory: String
    /// All files and directories in it, in the order of their names.
    public let files: [AuditedFile]
    /// What the names of the managed checkpoints begin with; `nil` if there are none, or several.
    public let name: String?
    /// The managed checkpoints, in the order in which they were saved.
    public var checkpoints: [RetentionPolicy.SavedCheckpoint] { managed?.checkpoints ?? [] }
    /// What is wrong with the files beside the checkpoints, and what the system refused to read, which has
    /// the code `io`.
    public var problems: [CheckpointError] { refusals + (managed?.problems ?? []) }
    private let refusals: [CheckpointError]
    private let fileSystem: any FileSystem
    private let check: CheckpointCheck
    private let place: ManagedPlace?
    private let managed: ManagedDirectory?
    private let now: Double
    // Of TensorFlow's formats, and of the manager's.
    private let newestFirst: [ListedCheckpoint]

    /// Looks at a directory.
    ///
    /// - Parameters:
    ///   - path: The directory.
    ///   - name: What the names of the managed checkpoints begin with; found from the files without it.
    ///   - check: How closely checkpoints are looked at.
    /// - Throws: `notFound` if there is no such directory; `io` if it cannot be listed. Damage is a
    ///   result, no error, and so is a file that the system refuses to read: ``AuditedFile/Kind/unread``.
    public init(
      of path: String, name: String? = nil, checking check: CheckpointCheck = .files
    ) throws(CheckpointError) {
      try self.init(of: path, name: name, checking: check, fileSystem: LocalFileSystem())
    }

    package init(
      of path: String, name: String? = nil, checking check: CheckpointCheck = .files,
      fileSystem: any FileSystem
    ) throws(CheckpointError) {
      let path = try PathText.path(path)
      var sorter = try AuditSorter(path, check, fileSystem) { file throws(CheckpointError) in
        try CheckpointHistory.isHistory(file, fileSystem)
      }
      files = try sorter.sort()
      directory = path
      now = files.isEmpty ? 0 : sorter.newestTime
      let format = sorter.managedFormat
      newestFirst = sorter.newestFirst.filter { $0.format.isTensorFlow || $0.format == format }
      (self.fileSystem, self.check) = (fileSystem, check)
      self.name = name ?? sorter.managedName
      var refusals = sorter.allRefusals
      (place, managed) = try Self.managed(self.name, format, in: path, now, fileSystem, &refusals)
      self.refusals = refusals
    }

    // Without the files that tell of it, nobody knows what is managed.
    private static func managed(
      _ name: String?, _ format: CheckpointFormat, in directory: String, _ now: Double,
      _ fileSystem: any FileSystem, _ refusals: inout [CheckpointError]
    ) throws(CheckpointError) -> (ManagedPlace?, ManagedDirectory?) {
      guard let name else { return (nil, nil) }
      var options = FileOptions()
      options.fileSystem = fileSystem
      let place = try ManagedPlace(
        directory: directory, name: name, stateFilename: CheckpointFileName.stateFile,
        format: format, options: options)
      do throws(CheckpointError) {
        return (place, try ManagedDirectory(place, now: now, start: now))
      } catch  where error.code == .io {
        let known = Set(refusals.compactMap(\.file).map(FileName.init))
        if !known.contains(FileName(error.file ?? directory)) { refusals.append(error) }
        return (place, nil)
      }
    }

    /// What a policy would make of the managed checkpoints; nothing is done.
    ///
    /// - Parameter policy: The policy.
    /// - Returns: The plan.
    public func plan(_ policy: RetentionPolicy) -> RetentionPolicy.Plan {
      policy.plan(for: managed?.leastUsefulFirst ?? [], since: managed?.history.since)
    }

    // MARK: Repair

    /// Removes what dead saves of this library have left, and rebuilds a state file that is lost,
    /// damaged or wrong.
    ///
    /// A rebuilt state file names the newest checkpoint that is whole; if somebody has saved since the
    /// audit, the state file is theirs, and stays. It stays as well while the system refuses to read what may
    /// be a newer checkpoint, or what tells of them. If nothing tells any more which
    /// checkpoints are managed, it lists all of the name, so that managers take them up again, and may
    /// delete them one day.
    ///
    /// - Returns: What was done, a line for each thing.
    /// - Throws: `busy` if a manager is at work there; `io` if the system fails.
    @discardableResult
    public func repair() throws(CheckpointError) -> [String] {
      Leftovers.removeAll(in: directory, fileSystem: fileSystem)
      if let place, let managed { place.removeUnfinished(managed.unfinished) }
      let removed = try removals()
      return try removed + (rebuildState() ? ["rebuilt \(CheckpointFileName.stateFile)"] : [])
    }

    /// What a repair has removed since, a line for each file.
    ///
    /// - Throws: `io` if the directory cannot be listed.
    package func removals() throws(CheckpointError) -> [String] {
      let left = Set(try fileSystem.namesInDirectory(directory).map(FileName.init))
      let ours: Set<AuditedFile.Kind> = [.leftover, .orphan]  // others may have removed other files
      return files.filter { ours.contains($0.kind) && !left.contains(FileName($0.name)) }
        .map { "removed \($0.name)" }
    }

    // A state file that leads to a whole checkpoint is left alone: it may be somebody's choice, unless a save after
    // it has died before it could say so.
    private func rebuildState() throws(CheckpointError) -> Bool {
      let whole = Set(
        files.filter { $0.kind == .complete }.compactMap(\.checkpoint).map(FileName.init))
      guard let found = newestFirst.first(where: { whole.contains(FileName($0.path)) }),
        !files.contains(where: { Self.mayMatter($0, to: found) })
      else { return false }
      let newest = found.path
      if let place {
        guard let managed else { return false }
        return try rebuildState(newest, of: whole, place, managed)
      }
      let file = try StateFile(in: directory, fileSystem: fileSystem)
      return try file.write(CheckpointDirectory.State(latest: newest), repairs: true) {
        () throws(CheckpointError) in
        try !leadsToCheckpoint(file)
      }
    }

    // Whether a file that could not be read may be of a checkpoint that comes before the newest one, or tell of
    // checkpoints. Those of V2 come before all others.
    private static func mayMatter(_ file: AuditedFile, to newest: ListedCheckpoint) -> Bool {
      guard file.kind == .unread else { return false }
      switch CheckpointFileName(file.name) {
      case .index, .data, .state, .history: return true
      default: return newest.format != .v2
      }
    }

    private func rebuildState(
      _ newest: String, of whole: Set<FileName>, _ place: ManagedPlace, _ managed: ManagedDirectory
    ) throws(CheckpointError) -> Bool {
      guard try !leadsToCheckpoint(place.stateFile()) else { return false }
      let state = try stateToWrite(newest, managed, whole)
      let lock = try place.lock()
      let found = try ManagedDirectory(place, now: now, start: now)
      let isUnchanged =
        found.newestFirst == managed.newestFirst && found.announced == managed.announced
      // If it has changed, somebody is saving there.
      if isUnchanged { try place.stateFile().write(state, repairs: true) }
      try lock.finish()
      return isUnchanged
    }

    // Whether the state file leads to a checkpoint that is whole, in whatever directory, and however it spells
    // the way. One that is damaged leads nowhere. So does one that should name what was saved here after it, by
    // somebody who died before the state file could say so.
    private func leadsToCheckpoint(_ file: StateFile) throws(CheckpointError) -> Bool {
      do throws(CheckpointError) {
        let found = try NewestCheckpoints(file, fileSystem: fileSystem)
        guard let named = found.named else { return false }
        // Newer safetensors files do not count: a state file cannot lead TensorFlow to one. What is newer in
        // another directory is not announced here.
        let isHere = FileName(Path(named).directory) == FileName(directory)
        guard !isHere || found.newer.allSatisfy(CheckpointName.isSafetensors) else { return false }
        return try AuditedCheckpoint.isWhole(at: named, check, fileSystem)
      } catch  where !error.saysNothingOfContent {
        return false
      }
    }

    // Lists the checkpoints that a manager of any policy may delete.
    private func stateToWrite(_ newest: String, _ managed: ManagedDirectory, _ whole: Set<FileName>)
      throws(CheckpointError) -> CheckpointDirectory.State
    {
      let known = managed.checkpoints.isEmpty ? managed.unmanaged : managed.checkpoints
      var listed = known.filter { checkpoint in
        whole.contains(FileName(checkpoint.path)) && !checkpoint.isPinned && !checkpoint.isPreserved
          && checkpoint.metrics.isEmpty
      }
      // A time before all of them: no manager deletes a checkpoint that is not newer than this.
      let before = (listed.map(\.time).min() ?? 1) - 1
      let preserved = managed.history.preserved.map { min($0, before) } ?? before
      let last = listed.firstIndex { FileName($0.path) == FileName(newest) }
        .map { listed.remove(at: $0) }
      return try CheckpointDirectory.State(
        latest: newest, all: listed.map(\.path) + [newest],
        timestamps: listed.map(\.time) + [last?.time ?? preserved], lastPreserved: preserved)
    }
  }
}
