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
  ///   `mismatch` if parts of one tensor, or byte orders, disagree; what reading and writing throw.
  ///   The parts are as they were then.
  package static func merge(
    _ parts: [String], into prefix: String, options: FileOptions = FileOptions()
  ) throws(CheckpointError) {
    let prefix = try PathText.path(prefix)
    let parts = try parts.map { part throws(CheckpointError) in try PathText.path(part) }
    try checkDistinct(parts, from: prefix, options.fileSystem)
    var merged = MergedIndex()
    for part in parts {
      do throws(CheckpointError) {
        let files = options.fileSystem
        try merged.add(BundleReader(prefix: part, fileSystem: files, opensData: false))
      } catch {
        throw error.located(file: part)
      }
    }
    try merged.checkDistinct(for: prefix)
    try merged.checkSlices(for: prefix)
    guard !merged.dataFiles.isEmpty else {
      throw CheckpointError(.invalidArgument, "there is no tensor to merge", file: prefix)
    }
    let transaction = try BundleTransaction(
      prefix: prefix, shardCount: merged.dataFiles.count, options: options)
    for (shard, path) in merged.dataFiles.enumerated() {
      // A file that no value lies in may be absent; TensorFlow misses it even for an empty tensor.
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
      var index = BundleIndex(header: header)
      for (key, entry) in merged.sortedEntries { index.add(key, entry) }
      try index.write(to: file)
    }
    try removeParts(parts, options)
  }

  // By what paths lead to, not by their spelling: the parts are removed in the end.
  private static func checkDistinct(
    _ parts: [String], from prefix: String, _ fileSystem: any FileSystem
  ) throws(CheckpointError) {
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

  private static func removeParts(_ parts: [String], _ options: FileOptions) throws(CheckpointError)
  {
    var removals = BundleRemovals(options: options)
    for part in parts { removals.begin(part) }
    removals.run()
    guard var error = removals.errors.first else { return }
    error.message += "; the merged checkpoint is saved, remove what is left of its parts"
    throw error
  }
}

/// The entries of several bundles, with the data files numbered anew.
private struct MergedIndex {
  /// The paths of the data files, in the order of their new numbers.
  private(set) var dataFiles: [String] = []
  /// The new numbers of those that hold values: a number may come from an entry without any.
  private(set) var holdsValues: Set<Int> = []
  private(set) var isBigEndian = false
  private var entries: [TensorKey: (entry: BundleEntry, part: String)] = [:]
  private var duplicates: [CheckpointError] = []
  private var isEmpty = true

  /// Takes the entries of another bundle in.
  mutating func add(_ reader: BundleReader) throws(CheckpointError) {
    guard isEmpty || reader.isBigEndian == isBigEndian else {
      throw CheckpointError(.mismatch, "its numbers have another byte order than those before")
    }
    isEmpty = false
    isBigEndian = reader.isBigEndian
    var numbers: [Int: Int] = [:]
    try reader.index.forEachEntry { key, entry throws(CheckpointError) in
      let key = TensorKey(copying: key)
      guard let known = self.entries[key] else {
        var entry = entry
        let number = numbers[entry.shard] ?? self.dataFiles.count
        if numbers.updateValue(number, forKey: entry.shard) == nil {
          self.dataFiles.append(reader.shards.path(entry.shard))
        }
        if entry.range.count > 0 { self.holdsValues.insert(number) }
        entry.shard = number
        self.entries[key] = (entry, reader.path)
        return
      }
      guard !known.entry.slices.isEmpty, !entry.slices.isEmpty else {
        self.duplicates.append(Self.duplicate(known, reader.path, key))
        return
      }
      self.entries[key]?.entry = try Self.merge(known.entry, entry, key)
    }
  }

  private static func duplicate(
    _ known: (entry: BundleEntry, part: String), _ path: String, _ key: TensorKey
  ) -> CheckpointError {
    let slice = known.entry.slices.isEmpty ? key.asSliceKey : nil
    let what = slice.map { "slice \($0.slice) of this tensor" } ?? "this tensor"
    return CheckpointError(
      .duplicateName, "two of the checkpoints have \(what), '\(known.part)' and '\(path)'",
      file: path, key: (slice?.name ?? key).description)
  }

  private static func merge(_ known: BundleEntry, _ other: BundleEntry, _ key: TensorKey)
    throws(CheckpointError) -> BundleEntry
  {
    var merged = known
    do throws(CheckpointError) {
      for slice in other.slices { try merged.add(slice, of: other.spec) }
    } catch {
      throw error.located(key: key.description)
    }
    return merged
  }

  /// Checks that no two of them have the same tensor.
  func checkDistinct(for prefix: String) throws(CheckpointError) {
    let error = CheckpointError.combining(duplicates, file: prefix) {
      "\($0) tensors are in two of the checkpoints"
    }
    guard var error else { return }
    error.message += "; give it another name in one of them first"
    throw error
  }

  /// Checks that no two parts of a tensor overlap: nobody could read it.
  func checkSlices(for prefix: String) throws(CheckpointError) {
    for (key, entry) in sortedEntries where !entry.slices.isEmpty {
      do throws(CheckpointError) {
        _ = try StoredParts(entry.slices, of: entry.spec.shape)
      } catch {
        throw error.located(file: prefix, key: key.description)
      }
    }
  }

  /// The entries in ascending order of the keys.
  var sortedEntries: [(key: TensorKey, entry: BundleEntry)] {
    entries.map { (key: $0.key, entry: $0.value.entry) }.sorted { $0.key < $1.key }
  }
}
