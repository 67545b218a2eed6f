package import CheckpointIO
import CheckpointTensors
import CheckpointWire

/// Makes one checkpoint of several: no value is read or copied, the data files only get new names.
///
///     try BundleMerger.merge(["run/part-0", "run/part-1"], into: "run/ckpt-7")
///
/// For many processes that each save their own part of a model. Tensors that are stored in parts may
/// be spread over several of them.
/// Source: tensorflow/core/util/tensor_bundle/tensor_bundle.cc, `MergeBundles`.
package enum BundleMerger {
  /// Merges checkpoints into one at `prefix`, which appears in one step; then the parts go.
  ///
  /// - Parameters:
  ///   - parts: Their prefixes, on one file system with the new one; their order is that of the data
  ///     files.
  ///   - prefix: What the names of the new checkpoint's files begin with; none of the parts.
  ///   - options: How the files are written.
  /// - Throws: `duplicateName` if two parts have the same tensor, or the same part of one;
  ///   `mismatch` if parts of one tensor, or byte orders, disagree; `unsupported` if a data file is a
  ///   symbolic link; what reading and writing throw. The parts are as they were then.
  package static func merge(
    _ parts: [String], into prefix: String, options: FileOptions = FileOptions()
  ) throws(CheckpointError) {
    let prefix = try PathText.path(prefix)
    let parts = try parts.map { part throws(CheckpointError) in try PathText.path(part) }
    try checkDistinct(parts, from: prefix, options)
    var merged = MergedIndex()
    for part in parts {
      do throws(CheckpointError) {
        let files = options.fileSystem
        try merged.add(BundleReader(prefix: part, fileSystem: files, opensData: false))
      } catch {
        throw error.located(file: part)
      }
    }
    try merged.join(for: prefix)
    guard !merged.dataFiles.isEmpty else {
      throw CheckpointError(.invalidArgument, "there is no tensor to merge", file: prefix)
    }
    try checkMovable(merged.dataFiles, options.fileSystem)
    let transaction = try BundleTransaction(
      prefix: prefix, shardCount: merged.dataFiles.count, options: options)
    for (shard, path) in merged.dataFiles.enumerated() {
      // A data file that holds no values may be absent. TensorFlow needs it even for an empty tensor.
      let exists = try options.fileSystem.status(of: path) != nil
      guard exists || !merged.holdsValues.contains(shard) else {
        throw CheckpointError(
          .notFound, "this data file is missing; the index of one of the parts names it", file: path
        )
      }
      if exists { try transaction.adoptDataFile(path, as: shard) }
    }
    try transaction.commit { file throws(CheckpointError) in
      var header = BundleHeader(shardCount: transaction.shardCount)
      header.isBigEndian = merged.isBigEndian
      try BundleIndex.write(header, to: file) { add throws(CheckpointError) in
        try merged.forEachEntry(add)
      }
    }
    try removeParts(parts, options)
  }

  /// Checks that none of the parts is where the merged checkpoint is to be, since they are removed in the
  /// end: by what the paths lead to, not by their spelling.
  ///
  /// - Throws: `pathConflict` if one is; `io` if the system fails.
  package static func checkDistinct(
    _ parts: [String], from prefix: String, _ options: FileOptions = FileOptions()
  ) throws(CheckpointError) {
    let fileSystem = options.fileSystem
    guard let existing = try fileSystem.status(of: BundlePath(prefix).index) else { return }
    for part in parts {
      let status = try fileSystem.status(of: BundlePath(part).index)
      guard status?.identity != existing.identity else {
        throw CheckpointError(
          .pathConflict, "a checkpoint cannot be merged into one of its parts, '\(part)'",
          file: prefix)
      }
    }
  }

  // Moving a link moves only the link: a relative one then leads elsewhere, and the file that any link leads
  // to belongs to another checkpoint and is removed with that.
  private static func checkMovable(_ dataFiles: [String], _ fileSystem: any FileSystem)
    throws(CheckpointError)
  {
    for path in dataFiles {
      guard let kind = try fileSystem.entryStatus(of: path)?.kind, kind != .file else { continue }
      let finding =
        kind == .link
        ? "this data file is a symbolic link, and moving it would not move what it leads to"
        : "this is \(kind), and no data file that could be moved"
      throw CheckpointError(
        .unsupported,
        "\(finding); merge by copying: CheckpointConversion(merging:to:), 'checkpoint merge' without "
          + "'--move'", file: path)
    }
  }

  private static func removeParts(_ parts: [String], _ options: FileOptions) throws(CheckpointError)
  {
    let listing = DataFileListing(of: parts, fileSystem: options.fileSystem)
    var errors: [CheckpointError] = []
    for batch in Chunks(of: 0..<parts.count, by: BundleRemovals.mostAtOnce) {
      var removals = BundleRemovals(listing, options: options)
      for part in parts[batch] { removals.begin(part) }
      removals.run()
      errors += removals.errors
    }
    guard var error = errors.first else { return }
    error.message += "; the merged checkpoint is saved, remove what is left of its parts"
    throw error
  }
}
