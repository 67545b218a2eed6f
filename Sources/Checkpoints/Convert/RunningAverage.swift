import CheckpointIO
import CheckpointTensors

/// The average of the numbers of several tensors of one shape, which come one after the other.
///
/// The mean goes towards each new number by the share that this has of all weights: numbers that are the same
/// everywhere stay exactly what they are.
/// Source: West, Updating Mean and Variance Estimates (1979).
struct RunningAverage {
  private let decoder: ElementDecoder?
  private let encoder: ElementEncoder?
  private let decay: Double
  // The sum of all weights, where that of the newest tensor is 1.
  private var weights = 0.0
  private var isFirst = true
  private var numbers: [Double] = []
  private var position = 0

  /// Begins without a tensor.
  ///
  /// - Parameters:
  ///   - dtype: A type of floating-point numbers.
  ///   - decay: How much each tensor weighs for what the next one does: 1 for the uniform average.
  init(of dtype: DType, decay: Double) {
    (decoder, encoder) = (ElementDecoder(dtype), ElementEncoder(dtype))
    self.decay = decay
  }

  /// Goes on with the next tensor.
  mutating func begin() {
    isFirst = weights == 0
    weights = weights * decay + 1
    position = 0
  }

  /// Takes little-endian numbers in, which follow those that have come of this tensor.
  mutating func add(_ piece: RawSpan) {
    // Taken out, so that they are changed in place.
    var rest: [Double] = []
    swap(&rest, &numbers)
    let (weight, isFirst) = (1 / weights, isFirst)
    var place = position
    decoder?.forEachBlock(of: piece) { block in
      for index in 0..<(isFirst ? block.count : 0) { rest.append(block[index]) }
      for index in 0..<(isFirst ? 0 : min(block.count, rest.count - place)) {
        rest[place + index].move(to: block[index], weight: weight)
      }
      place += block.count
    }
    position = place
    swap(&rest, &numbers)
  }

  /// Calls `body` with the average, piece by piece, as little-endian elements of the type.
  func forEachPiece(_ body: (RawSpan) throws(CheckpointError) -> Void) throws(CheckpointError) {
    for start in stride(from: 0, to: numbers.count, by: Self.pieceCount) {
      let end = min(start + Self.pieceCount, numbers.count)
      var bytes = ByteWriter(capacity: (end - start) * 8)
      encoder?.append(numbers.span.extracting(start..<end), to: &bytes)
      try unsafe body(bytes.bytes.span.bytes)  // bytes have no padding
    }
  }

  /// All of it.
  var bytes: [UInt8] {
    var bytes = ByteWriter(capacity: numbers.count * 8)
    encoder?.append(numbers.span, to: &bytes)
    return bytes.bytes
  }

  private static let pieceCount = 32 << 10  // even: parts of complex numbers stay together
}
