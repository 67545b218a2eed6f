public import CheckpointIO

/// A checkpoint being written, whatever its format.
///
/// Nothing of it is visible until ``finish()`` has returned; a writer that is let go before leaves
/// nothing behind.
public protocol TensorWriter {
  /// Adds a tensor, or a part of one.
  ///
  /// - Parameters:
  ///   - tensor: The values; they are written before this returns.
  ///   - key: The key; any bytes but none.
  ///   - part: Where the values belong, if they are a part of a partitioned tensor.
  /// - Throws: `duplicateName` for a key, or a part of it, that was added already; `mismatch` if
  ///   parts of one tensor disagree; `io` if the system fails.
  mutating func add(
    _ tensor: some TensorStorable,
    for key: TensorKey,
    part: SliceSpec?
  ) throws(CheckpointError)

  /// Makes the checkpoint appear, whole.
  mutating func finish() throws(CheckpointError)
}

/// A writer that spreads tensors over several data files.
package protocol ShardedTensorWriter: TensorWriter {
  /// The paths of the files that ``TensorWriter/finish()`` makes appear.
  var files: [String] { get }

  /// Adds a tensor, or a part of one, to a data file.
  ///
  /// - Parameters:
  ///   - tensor: The values.
  ///   - key: The key.
  ///   - part: Where the values belong, if they are a part of a partitioned tensor.
  ///   - shard: Which data file, from 0 on.
  /// - Throws: As ``TensorWriter/add(_:for:part:)`` says.
  mutating func add(
    _ tensor: some TensorStorable,
    for key: TensorKey,
    part: SliceSpec?,
    shard: Int
  ) throws(CheckpointError)
}

extension TensorWriter {
  /// Adds a whole tensor.
  ///
  /// - Throws: As for ``add(_:for:part:)``.
  public mutating func add(
    _ tensor: some TensorStorable,
    for key: TensorKey
  ) throws(CheckpointError) {
    try add(tensor, for: key, part: nil)
  }
}
