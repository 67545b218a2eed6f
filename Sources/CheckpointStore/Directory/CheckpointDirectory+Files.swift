import CheckpointBundle
public import CheckpointIO
import CheckpointSafetensors

extension CheckpointDirectory {
  /// The files of one checkpoint, to be removed together.
  ///
  ///     try CheckpointDirectory.Files(of: "run/ckpt-3").remove()
  ///
  /// Names are literal and exact: of `run/ckpt-3` those are `run/ckpt-3.index`, the data files
  /// `run/ckpt-3.data-00000-of-00001` and so on, and `run/ckpt-3.meta`. Files of `run/ckpt-33` or
  /// `run/ckpt-3.old` are others.
  ///
  /// Source: tensorflow/python/checkpoint/checkpoint_management.py, `remove_checkpoint`.
  public struct Files: Sendable {
    /// The prefix; the file of another format, the pattern of its parts, or the directory of a model.
    public let path: String
    private let metaSuffix: String
    private let options: FileOptions

    /// Names the files of a checkpoint, which need not exist.
    ///
    /// - Parameters:
    ///   - path: The prefix; the file of another format, the pattern of its parts, or the directory of a
    ///     model: of that, other files stay.
    ///   - metaSuffix: What the name of the file with its graph ends in, behind a point.
    public init(of path: String, metaSuffix: String = "meta") {
      self.init(of: path, metaSuffix: metaSuffix, options: FileOptions())
    }

    /// The same; the options say whether the removal is to be durable, step by step.
    package init(of path: String, metaSuffix: String = "meta", options: FileOptions) {
      self.path = PathText.pathIfAny(path)
      self.metaSuffix = metaSuffix
      self.options = options
    }

    /// Removes the checkpoint; files that are gone already are no error.
    ///
    /// The index goes first: from then on there is no checkpoint, and nobody takes what is left of it
    /// for one. If this process dies in between, the next save in the directory removes the rest.
    ///
    /// - Throws: `busy` if somebody is saving there; `pathConflict` if another program's file is where
    ///   the lock belongs; `io` if the system fails.
    public func remove() throws(CheckpointError) {
      guard let error = Self.remove([self], options: options).first else { return }
      throw error
    }

    /// Removes several checkpoints, with one wait for the disk in each directory and for each step.
    ///
    /// - Returns: What could not be removed, and why; the others are gone.
    package static func remove(_ checkpoints: [CheckpointDirectory.Files], options: FileOptions)
      -> [CheckpointError]
    {
      var problems: [CheckpointError] = []
      let listing = DataFileListing(
        of: checkpoints.map(\.path), fileSystem: options.fileSystem)
      for batch in Chunks(of: 0..<checkpoints.count, by: BundleRemovals.mostAtOnce) {
        var removals = BundleRemovals(listing, options: options)
        let bundles = checkpoints[batch].filter { files in
          attempt(files, &problems) { () throws(CheckpointError) in
            guard try !files.removeIfWithoutIndex() else { return false }
            removals.begin(files.path)
            return true
          }
        }
        let gone = Set(removals.run().map(FileName.init))
        problems += removals.errors
        for files in bundles where gone.contains(FileName(files.path)) {
          _ = attempt(files, &problems) { () throws(CheckpointError) in
            try files.removeMeta()
            return true
          }
        }
      }
      return problems
    }

    private static func attempt(
      _ files: CheckpointDirectory.Files, _ problems: inout [CheckpointError],
      _ body: () throws(CheckpointError) -> Bool
    ) -> Bool {
      do throws(CheckpointError) {
        return try body()
      } catch {
        problems.append(error.located(file: files.path))
        return false
      }
    }

    private func directoryExists() throws(CheckpointError) -> Bool {
      try options.fileSystem.status(of: Path(path).directory)?.kind == .directory
    }

    // Removes a checkpoint that has no V2 index. Returns whether nothing is left to be removed.
    private func removeIfWithoutIndex() throws(CheckpointError) -> Bool {
      guard try directoryExists() else { return true }
      let fileSystem = options.fileSystem
      guard let files = try CommittedFiles(of: path, fileSystem), !files.isIndex else {
        return false
      }
      guard let format = try CheckpointFormat(at: path, fileSystem) else { return false }
      if format == .modelDirectory { try removeModel() } else { try removeFiles() }
      return true
    }

    // MARK: Without an index

    private func removeFiles() throws(CheckpointError) {
      let isPattern = try options.fileSystem.status(of: path) == nil
      let parts = isPattern ? SlicesPath(pattern: path) : nil
      let location = try location(parts?.prefix ?? path)
      for file in parts?.shards ?? [path] { try location.remove(file) }
      try removeMeta()
      try location.syncDirectory()
      try location.finish()
    }

    private func location(_ target: String) throws(CheckpointError) -> SaveLocation {
      var options = options
      options.createsDirectories = false
      return try SaveLocation(target, options: options)
    }

    // MARK: A model directory

    // A directory with nothing else in it gets a temporary name first: if this process dies, the next save removes
    // what is left. In any other directory, the file that makes it a model goes first. Two locks keep saves away:
    // one in the directory, for saves to a directory that exists, and one beside it, for saves that create it.
    private func removeModel() throws(CheckpointError) {
      let isDirectory = try options.fileSystem.status(of: path)?.kind == .directory
      let inside = isDirectory ? path : Path(path).directory
      let inner = try location(StandingModel.target(in: inside))
      try StandingModel.removeLeftovers(of: inner)
      guard isDirectory, !["", ".", ".."].contains(Path(path).name) else {
        try removeFiles(of: inside, inner)
        return try inner.finish()
      }
      let outer = try location(path)
      if try hasNothingElse(inner) {
        try outer.begin(.file)
        try inner.finish()
        try removeWhole(outer)
      } else {
        try removeFiles(of: inside, inner)
        try inner.finish()
      }
      try removeMeta()
      try outer.syncDirectory()
      try outer.finish()
    }

    // What could not be removed goes with the next save, as long as the note says that it is ours.
    private func removeWhole(_ location: SaveLocation) throws(CheckpointError) {
      let temporary = TemporaryName.temporary(for: path)
      try location.rename(path, to: temporary)
      do throws(CheckpointError) {
        try location.syncDirectory()
        try options.fileSystem.removeTemporary(temporary)
      } catch {
        location.abandon()
        throw error
      }
    }

    private func removeFiles(of directory: String, _ location: SaveLocation) throws(CheckpointError)
    {
      let all = try CommittedFiles(of: path, options.fileSystem)?.all ?? []
      let shared = try all.first.map { first throws(CheckpointError) in
        try ModelIndex.files(ofOthersThan: first, options.fileSystem)
      }
      let files = all.filter { shared?.contains(FileName(Path($0).name)) != true }
      for file in files {
        try location.remove(file)
        if file == files.first { try location.syncDirectory() }
      }
      try location.syncDirectory()
    }

    // Whether the directory has the model's files only, and is none that a link leads to.
    private func hasNothingElse(_ location: SaveLocation) throws(CheckpointError) -> Bool {
      let fileSystem = options.fileSystem
      guard try fileSystem.entryStatus(of: path)?.kind == .directory else { return false }
      let lock = TemporaryName.lock(for: location.target)
      let own = try CommittedFiles(of: path, fileSystem)?.all ?? []
      let known = Set((own + [lock]).map { FileName(Path($0).name) })
      return try fileSystem.namesInDirectory(path).allSatisfy { known.contains(FileName($0)) }
    }

    // MARK: The graph

    private func removeMeta() throws(CheckpointError) {
      guard !metaSuffix.isEmpty else { return }
      let file = "\(stem).\(metaSuffix)"
      guard try options.fileSystem.status(of: file)?.kind == .file else { return }
      try options.fileSystem.removeFile(file)
    }

    // Without the number of the part: `m-3` for `m-3-?????-of-00002`.
    private var stem: String {
      PartsName(pattern: path)?.prefix ?? PartsName(part: path)?.prefix ?? path
    }
  }
}
