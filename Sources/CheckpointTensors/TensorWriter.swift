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
  ///   parts of one tensor disagree; `invalidArgument` if the writer is finished; `io` if the system
  ///   fails.
  mutating func add(_ tensor: some TensorStorable, for key: TensorKey, part: TensorSlice.Part?)
    throws(CheckpointError)

  /// Makes the checkpoint appear, whole. Whatever it throws, the writer is finished then: `add` and
  /// `finish` throw `invalidArgument`.
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
  /// - Throws: As ``TensorWriter/add(_:for:part:)`` says, and `invalidArgument` for a data file that
  ///   there is not.
  mutating func add(
    _ tensor: some TensorStorable, for key: TensorKey, part: TensorSlice.Part?, shard: Int)
    throws(CheckpointError)
}

extension ShardedTensorWriter {
  /// Adds a tensor, or a part of one, to the first data file.
  ///
  /// - Throws: As ``TensorWriter/add(_:for:part:)`` says.
  package mutating func add(
    _ tensor: some TensorStorable, for key: TensorKey, part: TensorSlice.Part?
  ) throws(CheckpointError) {
    try add(tensor, for: key, part: part, shard: 0)
  }
}

/// Calls its argument with the elements of a tensor, in order, as little-endian numbers.
package typealias LittleEndianPieces = ((RawSpan) throws(CheckpointError) -> Void)
  throws(CheckpointError) -> Void

/// A writer that takes a tensor piece by piece, so that it need not fit into memory.
package protocol TensorPieceWriter: TensorWriter {
  /// Adds a whole tensor of numbers piece by piece.
  ///
  /// - Parameters:
  ///   - spec: The dtype and the shape.
  ///   - key: The key.
  ///   - pieces: Gives the elements.
  /// - Throws: As ``TensorWriter/add(_:for:part:)`` says; what `pieces` throws.
  mutating func add(
    _ spec: TensorSpec, for key: TensorKey, littleEndianPieces pieces: LittleEndianPieces)
    throws(CheckpointError)
}

extension TensorWriter {
  /// Adds a whole tensor.
  ///
  /// - Throws: As for ``add(_:for:part:)``.
  public mutating func add(_ tensor: some TensorStorable, for key: TensorKey)
    throws(CheckpointError)
  {
    try add(tensor, for: key, part: nil)
  }
}

extension CheckpointError {
  /// The error for whoever goes on with a writer that is finished.
  package static let writerIsFinished = CheckpointError(
    .invalidArgument,
    "this writer is finished, it has written a checkpoint or failed; make another one")

  /// The error for a key, or a part of it, that comes again.
  package static let addedTwice = CheckpointError(
    .duplicateName, "this key, or this part of it, was added already")

  /// The error for a data file that there is not.
  package static func noShard(_ shard: Int, of count: Int) -> CheckpointError {
    CheckpointError(
      .invalidArgument, "there is no data file \(shard); they have the numbers 0 to \(count - 1)")
  }
}
