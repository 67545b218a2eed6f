package import CheckpointIO
package import CheckpointTensors

extension BundleReader: BatchReader {
  /// Looks up several tensors, to be read together.
  ///
  /// Takes one pass over the index, however many they are.
  ///
  /// - Parameter requests: The tensors, in any order; one that the index does not have is no error.
  /// - Returns: What the index says of them, ready to be read.
  /// - Throws: `corrupt` if what the index says of one of them is damaged.
  package func lookUp(_ requests: [TensorRequest]) throws(CheckpointError) -> any TensorBatch {
    var entries: [BundleEntry?] = Array(repeating: nil, count: requests.count)
    try index.forEachEntry(of: requests) { entries[$0] = $1 }
    return BundleBatch(self, requests, entries)
  }
}
