import CheckpointTensors

/// The smallest and the largest of some integers of 64 bits: a `Double` may round them.
package struct IntegerRange: Hashable, Sendable {
  /// The smallest one.
  package private(set) var minimum = Int128.max
  /// The largest one.
  package private(set) var maximum = Int128.min
  private let isSigned: Bool

  /// Begins without an integer; `nil` for another dtype.
  init?(_ dtype: DType) {
    guard dtype == .int64 || dtype == .uint64 else { return nil }
    isSigned = dtype == .int64
  }

  /// Takes little-endian integers in.
  mutating func add(_ piece: RawSpan) {
    if isSigned { add(piece, Int64.self) } else { add(piece, UInt64.self) }
  }

  private mutating func add<Number: FixedWidthInteger & BitwiseCopyable>(
    _ piece: RawSpan, _ type: Number.Type
  ) {
    var (least, most) = (Number.max, Number.min)
    for start in stride(from: 0, to: piece.byteCount - 7, by: 8) {
      // 8 bytes lie there, and any bytes are an integer.
      let bits = unsafe piece.unsafeLoadUnaligned(fromByteOffset: start, as: Number.self)
      let number = Number(littleEndian: bits)
      least = min(least, number)
      most = max(most, number)
    }
    minimum = min(minimum, Int128(least))
    maximum = max(maximum, Int128(most))
  }
}
