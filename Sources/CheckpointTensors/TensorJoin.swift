package import CheckpointIO

/// A tensor being put together.
package struct TensorJoin {
  private let spec: TensorSpec
  private var strings: [[UInt8]] = []
  private let storage: TensorStorage?

  /// Makes room for a tensor.
  ///
  /// - Throws: `io` if the system has not so much memory.
  package init(_ spec: TensorSpec) throws(CheckpointError) {
    self.spec = spec
    storage = try spec.byteCount.map { byteCount throws(CheckpointError) in
      try TensorStorage(allocating: byteCount)
    }
    if storage == nil { strings = Array(repeating: [], count: spec.shape.elementCount) }
  }

  /// Copies elements of a part to their places.
  package mutating func add(_ part: AnyTensor, _ runs: ElementRuns) throws(CheckpointError) {
    if let elements = part.strings {
      for run in runs {
        for index in 0..<run.count { strings[run.target + index] = elements[run.source + index] }
      }
    } else if let storage, let source = part.storage, let width = spec.dtype.byteWidth {
      try storage.withMutableBytes { bytes throws(CheckpointError) in
        for run in runs {
          bytes.copy(
            source.bytes.extracting(run.source(width: width)),
            to: run.target(width: width).lowerBound)
        }
      }
    }
  }

  /// The whole.
  package func tensor() throws(CheckpointError) -> AnyTensor {
    try AnyTensor(spec, storage.map { .bytes($0) } ?? .strings(strings))
  }
}
