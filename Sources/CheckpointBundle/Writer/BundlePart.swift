package import CheckpointIO

/// The data files that one process has written of a checkpoint, before there is an index.
package struct BundlePart: Sendable, Hashable {
  /// The entries of its tensors, as an index: data files are counted from 0.
  package var index: [UInt8]
  /// How many bytes each data file has.
  package var byteCounts: [UInt64]

  /// A part without tensors, and without data files.
  package static let empty = BundlePart(index: [], byteCounts: [])

  package init(index: [UInt8], byteCounts: [UInt64]) {
    self.index = index
    self.byteCounts = byteCounts
  }
}

extension BundleWriter {
  /// Begins to write data files of a checkpoint that another process commits.
  ///
  /// - Parameters:
  ///   - prefix: What the names of its files begin with.
  ///   - firstShard: The number of the first data file.
  ///   - count: How many data files the checkpoint has.
  ///   - shardByteCounts: For each data file of this process how many bytes it will take, as far as known.
  ///   - options: How the files are written.
  /// - Throws: `io` if the system fails.
  package init(
    joining prefix: String, firstShard: Int, of count: Int, shardByteCounts: [UInt64],
    options: FileOptions
  ) throws(CheckpointError) {
    let transaction = BundleTransaction(joining: prefix, shardCount: count, options: options)
    try self.init(
      transaction, prefix, shardByteCounts, options, OutputPool(), firstShard: firstShard,
      countedShards: shardByteCounts.count)
  }
}
