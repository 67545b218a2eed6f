package import CheckpointIO
package import CheckpointTensors

extension SafetensorsWriter: TensorPieceWriter {
  /// Adds a declared tensor piece by piece, so that it need not fit into memory.
  package mutating func add(
    _ spec: TensorSpec, for key: TensorKey,
    littleEndianPieces pieces: LittleEndianPieces
  ) throws(CheckpointError) {
    do throws(CheckpointError) {
      guard !isFinished else { throw .writerIsFinished }
      guard let declared else {
        throw CheckpointError(.mismatch, "a tensor in pieces has to be declared")
      }
      let type = try Self.type(of: spec, key, part: nil)
      let place = try Self.place(of: key, type, spec, in: declared)
      let entry = declared.entry(at: place)
      var written: UInt64 = 0
      try pieces { piece throws(CheckpointError) in
        guard written + UInt64(piece.byteCount) <= entry.range.count else {
          throw CheckpointError(.mismatch, "the pieces are larger than a tensor \(spec)")
        }
        try declared.writeLittleEndian(piece, to: place, behind: written)
        written += UInt64(piece.byteCount)
      }
      guard written == entry.range.count else {
        throw CheckpointError(.mismatch, "\(written) bytes came of a tensor \(spec)")
      }
      try declared.finish(place)
    } catch {
      throw error.located(file: path, key: key.description)
    }
  }

  /// Whether a tensor can be held: what ``add(_:for:part:)`` would throw.
  package static func check(_ spec: TensorSpec, for key: TensorKey) throws(CheckpointError) {
    _ = try type(of: spec, key, part: nil)
  }
}
