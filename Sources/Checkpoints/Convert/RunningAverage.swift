import CheckpointIO
import CheckpointTensors

/// The average of the numbers of several tensors of one shape, which come one after the other.
///
/// Numbers of fewer than 64 bits are added up as `Double`s, which have room to spare, and divided once: a mean
/// halfway between two numbers of the type goes to the even one. Of `Double`s, whose sum may overflow, the mean
/// goes towards each new number by the share that this has of all weights. Either way, numbers that are the
/// same everywhere stay exactly what they are.
/// Source: West, Updating Mean and Variance Estimates (1979).
struct RunningAverage {
  private let decoder: ElementDecoder?
  private let encoder: ElementEncoder?
  private let decay: Double
  // Whether `numbers` are sums; else they are means.
  private let addsUp: Bool
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
    addsUp = (dtype.byteOrderWidth ?? 0) < MemoryLayout<Double>.size
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
    var place = position
    decoder?.forEachBlock(of: piece) { block in
      take(block, into: &rest, at: place)
      place += block.count
    }
    position = place
    swap(&rest, &numbers)
  }

  private func take(_ block: Span<Double>, into numbers: inout [Double], at place: Int) {
    guard !isFirst else {
      for index in block.indices { numbers.append(block[index]) }
      return
    }
    let count = min(block.count, numbers.count - place)
    if addsUp {
      for index in 0..<count {
        numbers[place + index] = numbers[place + index] * decay + block[index]
      }
    } else {
      let weight = 1 / weights
      for index in 0..<count { numbers[place + index].move(to: block[index], weight: weight) }
    }
  }

  /// Calls `body` with the average, piece by piece, as little-endian elements of the type.
  func forEachPiece(_ body: (RawSpan) throws(CheckpointError) -> Void) throws(CheckpointError) {
    for piece in pieces {
      var bytes = ByteWriter(capacity: piece.count * 8)
      append(piece, to: &bytes)
      try unsafe body(bytes.bytes.span.bytes)  // bytes have no padding
    }
  }

  /// All of it.
  var bytes: [UInt8] {
    var bytes = ByteWriter(capacity: numbers.count * 8)
    for piece in pieces { append(piece, to: &bytes) }
    return bytes.bytes
  }

  private func append(_ piece: Range<Int>, to bytes: inout ByteWriter) {
    let divisor = addsUp ? weights : 1
    let means = numbers[piece].map { $0 / divisor }
    encoder?.append(means.span, to: &bytes)
  }

  private var pieces: [Range<Int>] {
    stride(from: 0, to: numbers.count, by: Self.pieceCount).map {
      $0..<min($0 + Self.pieceCount, numbers.count)
    }
  }

  private static let pieceCount = 32 << 10  // even: parts of complex numbers stay together
}
