package import CheckpointIO
package import CheckpointTensors

extension BundleWriter: TensorPieceWriter {
  /// Adds a whole tensor of numbers piece by piece, so that it need not fit into memory.
  package mutating func add(
    _ spec: TensorSpec, for key: TensorKey,
    littleEndianPieces pieces: LittleEndianPieces
  ) throws(CheckpointError) {
    do throws(CheckpointError) {
      guard !isFinished else { throw .writerIsFinished }
      try Self.check(spec, for: key)
      let key = try unused(key)
      let (range, checksum) = try shards[0].append(pieces: pieces)
      guard Int(exactly: range.count) == spec.byteCount else {
        throw CheckpointError(.mismatch, "\(range.count) bytes came of a tensor \(spec)")
      }
      let entry = BundleEntry(spec: spec, shard: 0, range: range, maskedCRC: checksum.masked)
      index.add(key, entry)
      keys?.insert(key)
    } catch {
      throw error.located(file: prefix, key: key.description)
    }
  }

  /// Whether a tensor can be held: what ``add(_:for:part:)`` would throw.
  package static func check(_ spec: TensorSpec, for key: TensorKey) throws(CheckpointError) {
    guard !key.bytes.isEmpty else {
      throw CheckpointError(.invalidArgument, "a tensor needs a name")
    }
  }
}
