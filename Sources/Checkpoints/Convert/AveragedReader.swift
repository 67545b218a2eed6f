import CheckpointIO
import CheckpointTensors

/// Several checkpoints of the same tensors as one: floating-point numbers are the average, all else is that of
/// the last one, and so are the values of tables, whose order says nothing.
///
/// Numbers are averaged as `Double`s, and rounded once. A tensor that comes in pieces is in memory a part at a
/// time, however large it is. The part is there as `Double`s, and twice in its own type.
struct AveragedReader: TensorPieceReader {
  private let readers: [any TensorReader]
  private let last: any TensorReader
  private let tables: Set<TensorKey>
  private let decay: Double
  private let partByteCount: Int

  /// - Parameters:
  ///   - readers: The checkpoints, one at least; they have been compared.
  ///   - last: The last of them.
  ///   - tables: The tensors that are keys or values of tables.
  ///   - decay: How much each weighs for what the next one does.
  ///   - partByteCount: How many bytes a part takes in memory, at most, in all its forms.
  init(
    _ readers: [any TensorReader], last: any TensorReader, tables: Set<TensorKey> = [],
    decay: Double, partByteCount: Int = 96 << 20
  ) {
    (self.readers, self.last, self.tables, self.decay) = (readers, last, tables, decay)
    self.partByteCount = partByteCount
  }

  var path: String { last.path }

  func forEachEntry(_ body: (TensorEntry) throws(CheckpointError) -> Void) throws(CheckpointError) {
    try last.forEachEntry(body)
  }

  func entry(for key: TensorKey) throws(CheckpointError) -> TensorEntry? {
    try last.entry(for: key)
  }

  func tensor(for key: TensorKey, slice: TensorSlice?) throws(CheckpointError) -> AnyTensor {
    let spec = try last.requiredEntry(for: key).spec
    guard isAverage(key, spec) else { return try last.tensor(for: key, slice: slice) }
    var shape = spec.shape
    let average = try average(of: spec.dtype) { reader, add throws(CheckpointError) in
      let tensor = try reader.tensor(for: key, slice: slice)
      shape = tensor.spec.shape
      try tensor.withLittleEndianBytes(add)
    }
    let bytes = average.bytes
    // Bytes have no padding.
    return try unsafe AnyTensor(TensorSpec(spec.dtype, shape), littleEndian: bytes.span.bytes)
  }

  func forEachLittleEndianPiece(
    of key: TensorKey, _ body: (RawSpan) throws(CheckpointError) -> Void
  ) throws(CheckpointError) {
    let entry = try last.requiredEntry(for: key)
    guard isAverage(key, entry.spec) else { return try last.forEachPiece(of: key, body) }
    let partCount = partCount(of: entry.spec.dtype)
    guard entry.spec.shape.elementCount > partCount,
      readers.allSatisfy({ $0 is any TensorPieceReader })
    else {
      let average = try average(of: entry.spec.dtype) { reader, add throws(CheckpointError) in
        try reader.forEachPiece(of: key, add)
      }
      return try average.forEachPiece(body)
    }
    // A checksum covers the whole tensor, not a part: so all of it is read, and checked, before any part is used.
    for reader in readers { try reader.forEachPiece(of: key) { _ in } }
    for part in entry.spec.parts(ofElements: partCount) {
      let request = TensorRequest(key, slice: part, readsOnlyPart: true)
      let average = try average(of: entry.spec.dtype) { reader, add throws(CheckpointError) in
        for tensor in try reader.batch(of: [request]).tensors() {
          try tensor.withLittleEndianBytes(add)
        }
      }
      try average.forEachPiece(body)
    }
  }

  private func isAverage(_ key: TensorKey, _ spec: TensorSpec) -> Bool {
    spec.dtype.isFloatingPoint && !tables.contains(key)
  }

  private func average(
    of dtype: DType,
    _ read: (any TensorReader, (RawSpan) throws(CheckpointError) -> Void) throws(CheckpointError) ->
      Void
  ) throws(CheckpointError) -> RunningAverage {
    var average = RunningAverage(of: dtype, decay: decay)
    for reader in readers {
      average.begin()
      try read(reader) { piece throws(CheckpointError) in average.add(piece) }
    }
    return average
  }

  private func partCount(of dtype: DType) -> Int {
    let width = dtype.byteWidth ?? 1
    let numbers = dtype.isComplex ? 2 : 1
    return max(1, partByteCount / (2 * width + numbers * MemoryLayout<Double>.size))
  }
}
