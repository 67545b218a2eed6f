// The files of a V2 checkpoint with the prefix P and N shards:
//
//   P.index                       a sorted table: the header, and an entry for each tensor
//   P.data-00000-of-0000N …       the values, one file a shard
//
// Source: tensorflow/core/util/tensor_bundle/naming.cc.

import CheckpointIO

/// The paths of a bundle's files.
package struct BundlePath: Hashable, Sendable {
  /// What all paths begin with.
  package let prefix: String

  package init(_ prefix: String) { self.prefix = prefix }

  /// The index.
  package var index: String { prefix + Self.indexSuffix }

  /// A data file; shard and count have five digits, or more if they need them.
  package func data(shard: Int, of count: Int) -> String {
    DataFileName(prefix: prefix, shard: shard, count: count).text
  }

  package static let indexSuffix = ".index"
}
