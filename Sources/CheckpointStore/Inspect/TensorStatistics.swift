package import CheckpointIO
package import CheckpointTensors

/// What the elements of a tensor are like: how many are what, and how the finite ones are spread.
///
///     let statistics = try TensorStatistics(of: entry, in: reader)
///     print(statistics.nanCount, statistics.values?.mean ?? 0)
///
/// A tensor is read twice, piece by piece, so that none has to fit into memory: first for its range and its
/// mean, then for what depends on them. One that is small enough is read once, and kept in between.
/// Complex numbers count by their magnitudes.
package struct TensorStatistics: Hashable, Sendable {
  /// How the finite numbers are spread.
  package struct Values: Hashable, Sendable {
    /// The smallest one.
    package let minimum: Double
    /// The largest one.
    package let maximum: Double
    /// The mean.
    package let mean: Double
    /// The standard deviation of these numbers, not an estimate of that of others: numpy's `std`.
    package let standardDeviation: Double
    /// How many there are in each of ``binCount`` parts of the range from the smallest to the largest, all
    /// of one width.
    package let histogram: [Int]
    /// The smallest and the largest one of integers of 64 bits, which a `Double` may round.
    package let integers: IntegerRange?
  }

  /// How many elements there are.
  package let elementCount: Int
  /// How many of them are 0.
  package let zeroCount: Int
  /// How many of them are not a number.
  package let nanCount: Int
  /// How many of them are infinite.
  package let infiniteCount: Int
  /// The finite numbers; `nil` if there are none.
  package let values: Values?

  /// How many parts a histogram has.
  package static let binCount = 16

  /// Whether an element is infinite, or no number.
  package var hasNonFinite: Bool { nanCount > 0 || infiniteCount > 0 }

  /// Reads a tensor, and looks at its elements; of strings and variants, which are no numbers, it tells only
  /// how many there are, and whether they can be read.
  ///
  /// - Parameters:
  ///   - entry: The tensor.
  ///   - reader: The checkpoint that has it.
  ///   - progress: Called with numbers of bytes that have been read, now and then; twice as many in all as
  ///     the tensor has.
  /// - Throws: What reading throws; `corrupt` if the values are not those that were saved.
  package init(
    of entry: TensorEntry, in reader: any TensorReader,
    progress: (_ byteCount: Int) -> Void = { _ in }
  ) throws(CheckpointError) {
    elementCount = entry.spec.shape.elementCount
    guard let decoder = ElementDecoder(entry.spec.dtype) else {
      (zeroCount, nanCount, infiniteCount, values) = (0, 0, 0, nil)
      try Self.checkElements(of: entry, in: reader)
      for _ in 0..<2 { progress(Int(clamping: entry.byteCount)) }
      return
    }
    let pieces = try Self.pieces(of: entry, in: reader)
    var survey = ValueSurvey(entry.spec.dtype)
    try pieces { piece throws(CheckpointError) in
      decoder.forEachBlock(of: piece) { survey.add($0) }
      survey.integers?.add(piece)
      progress(piece.byteCount)
    }
    (zeroCount, nanCount) = (survey.zeroCount, survey.nanCount)
    infiniteCount = survey.infiniteCount
    guard survey.finiteCount > 0 else {
      values = nil
      return
    }
    var spread = ValueSpread(survey, binCount: Self.binCount)
    try pieces { piece throws(CheckpointError) in
      decoder.forEachBlock(of: piece) { spread.add($0) }
      progress(piece.byteCount)
    }
    values = Values(
      minimum: survey.minimum, maximum: survey.maximum, mean: spread.mean,
      standardDeviation: spread.standardDeviation, histogram: spread.bins,
      integers: survey.integers)
  }

  // Variants of big-endian files are not read here: nobody knows whether they are damaged.
  private static func checkElements(of entry: TensorEntry, in reader: any TensorReader)
    throws(CheckpointError)
  {
    do throws(CheckpointError) {
      _ = try reader.tensor(for: entry.key)
    } catch  where error.code == .unsupported {
      return
    }
  }

  // What does not come in pieces is in memory anyway.
  private static func pieces(of entry: TensorEntry, in reader: any TensorReader)
    throws(CheckpointError) -> LittleEndianPieces
  {
    let key = entry.key
    if entry.byteCount > keptByteCount, entry.slices.isEmpty, reader is any TensorPieceReader {
      return { body throws(CheckpointError) in try reader.forEachPiece(of: key, body) }
    }
    let tensor = try reader.tensor(for: key)
    return { body throws(CheckpointError) in try tensor.withLittleEndianBytes(body) }
  }

  private static let keptByteCount: UInt64 = 32 << 20
}
