package import CheckpointIO
package import CheckpointTensors

/// A checkpoint without its object graph.
package struct ReaderWithoutGraph: TensorPieceReader {
  private let reader: any TensorReader

  package init(_ reader: any TensorReader) { self.reader = reader }

  package var path: String { reader.path }

  package func forEachEntry(_ body: (TensorEntry) throws(CheckpointError) -> Void)
    throws(CheckpointError)
  {
    let graph = TensorKey(ObjectGraph.key)
    try reader.forEachEntry { entry throws(CheckpointError) in
      if entry.key != graph { try body(entry) }
    }
  }

  package func entry(for key: TensorKey) throws(CheckpointError) -> TensorEntry? {
    key == TensorKey(ObjectGraph.key) ? nil : try reader.entry(for: key)
  }

  package func read(_ key: TensorKey, slice: TensorSlice?, into output: inout MutableRawSpan)
    throws(CheckpointError)
  {
    try reader.read(key, slice: slice, into: &output)
  }

  package func tensor(for key: TensorKey, slice: TensorSlice?) throws(CheckpointError) -> AnyTensor
  {
    try reader.tensor(for: key, slice: slice)
  }

  package func forEachLittleEndianPiece(
    of key: TensorKey, _ body: (RawSpan) throws(CheckpointError) -> Void
  ) throws(CheckpointError) {
    try reader.forEachPiece(of: key, body)
  }
}
