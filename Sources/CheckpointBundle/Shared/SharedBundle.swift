package import CheckpointIO

// A checkpoint that several processes write:
//
//   1. one of them begins, and tells the others how many data files there are
//   2. each writes its data files, and keeps the entries of their tensors
//   3. all hand their entries to the one, who puts them together into the index, and commits
//
// The one has the lock and has written the note, so that whatever the others leave when they die is found by
// the next save. Nothing is ever moved from one data file to another.

/// A checkpoint that several processes write, at the one that commits it.
package final class SharedBundle {
  /// What the names of its files begin with.
  package let prefix: String
  /// The number of data files, as their names have it.
  package var shardCount: Int { transaction.shardCount }
  /// The paths of its files: data files, then the index.
  package var files: [String] {
    Array(transaction.files.prefix(written)) + transaction.files.suffix(1)
  }
  private let transaction: BundleTransaction
  private let options: FileOptions
  private let written: Int

  /// Begins to save: the next save finds what is left if this one does not come to its end.
  ///
  /// - Parameters:
  ///   - prefix: What the names of its files begin with.
  ///   - shardCount: How many data files all processes write; the names may count more.
  ///   - options: How the files are written.
  /// - Throws: As for a checkpoint of one process.
  package init(_ prefix: String, shardCount: Int, options: FileOptions) throws(CheckpointError) {
    guard (1...99_999).contains(shardCount) else {
      throw CheckpointError(
        .invalidArgument, "\(shardCount) data files; 1 to 99999 are possible", file: prefix)
    }
    transaction = try BundleTransaction(
      prefix: prefix, shardCount: shardCount, options: options, role: .leader)
    self.prefix = prefix
    self.options = options
    written = shardCount
  }

  /// Begins to write the data files of this process.
  package func writer(firstShard: Int, shardByteCounts: [UInt64]) throws(CheckpointError)
    -> BundleWriter
  {
    try BundleWriter(
      transaction, prefix, shardByteCounts, options, OutputPool(), firstShard: firstShard,
      countedShards: shardByteCounts.count)
  }

  /// Gives up while others may be writing still: what they leave, the next save removes.
  package func abandon() { transaction.abandon() }

  /// Makes the checkpoint appear.
  ///
  /// - Parameters:
  ///   - parts: What each process has written, in the order of their data files, and what to call it.
  ///   - patience: How long to look for data files that do not show: names of other machines come late on
  ///     network file systems.
  /// - Throws: `duplicateName` for a tensor that two of them have; `mismatch` if parts of a tensor overlap, do
  ///   not fit, or do not make all of it; `notFound` for a data file that does not show; `io` if the system
  ///   fails.
  package func commit(_ parts: [(name: String, part: BundlePart)], patience: Duration)
    throws(CheckpointError)
  {
    var shard = 0
    let deadline = ContinuousClock.now + patience
    for (name, part) in parts {
      try wait(for: part.byteCounts, from: shard, of: name, deadline - .now)
      shard += part.byteCounts.count
    }
    var merged = MergedIndex(of: .processes)
    do throws(CheckpointError) {
      try merged.add(parts)
    } catch {
      throw error.located(file: prefix)
    }
    try merged.join(for: prefix)
    try transaction.commit { file throws(CheckpointError) in
      try BundleIndex.write(BundleHeader(shardCount: shardCount), to: file) {
        add throws(CheckpointError) in try merged.forEachEntry(add)
      }
    }
  }

  private func wait(
    for byteCounts: [UInt64], from first: Int, of name: String, _ patience: Duration
  ) throws(CheckpointError) {
    for (index, byteCount) in byteCounts.enumerated() {
      let path = BundlePath(prefix).data(shard: first + index, of: shardCount)
      var found: UInt64?
      let isThere = try BackOff(for: patience).until { () throws(CheckpointError) in
        found = try options.fileSystem.status(of: path)?.byteCount
        return found == byteCount
      }
      guard !isThere else { continue }
      throw CheckpointError(
        .notFound,
        "\(name) has written \(byteCount) bytes here, and \(found.map { "\($0) are" } ?? "nothing is") "
          + "to be seen; all processes have to see one directory", file: path)
    }
  }
}
