import CheckpointIO

/// Turns the numbers of a tensor, as files have them, into `Double`s, a few thousand at a time.
///
/// Integers of 64 bits are rounded. A complex number becomes two: its real part, then its imaginary part.
package struct ElementDecoder: Sendable {
  /// The type of the elements.
  package let dtype: DType
  /// How many bytes the elements take from which a `Double` is made.
  private let width: Int
  // The values of all bits of a format of 8 bits, or of 16.
  private let values: [Double]

  /// How many `Double`s come at a time, at most; an even number.
  package static let blockCount = 4096

  /// Prepares for a dtype; `nil` if its elements are no numbers.
  package init?(_ dtype: DType) {
    guard let width = dtype.byteOrderWidth else { return nil }
    self.dtype = dtype
    self.width = width
    switch SmallFloat(dtype) {
    case let format? where width == 1: values = (0...0xFF).map(format.value)
    case _ where dtype == .float16: values = Self.halves
    default: values = []
    }
  }

  // A tensor may be small, and there may be many of them: they are worked out once.
  private static let halves = SmallFloat(.float16).map { (0...UInt16.max).map($0.value) } ?? []

  /// Calls `body` with the numbers of a piece, block by block.
  ///
  /// - Parameters:
  ///   - piece: Little-endian elements, whole ones.
  ///   - body: Gets at most ``blockCount`` numbers.
  package func forEachBlock(of piece: RawSpan, _ body: (Span<Double>) -> Void) {
    var numbers = Array(repeating: 0.0, count: min(Self.blockCount, piece.byteCount / width))
    var start = 0
    while start + width <= piece.byteCount {
      let count = min(numbers.count, (piece.byteCount - start) / width)
      decode(piece.extracting(start..<start + count * width), into: &numbers)
      body(numbers.span.extracting(0..<count))
      start += count * width
    }
  }

  /// Calls `body` with the numbers of two pieces of as many elements, block by block.
  ///
  /// - Parameters:
  ///   - piece: Little-endian elements, whole ones.
  ///   - other: As many others.
  ///   - body: Gets at most ``blockCount`` numbers of both.
  package func forEachBlock(
    of piece: RawSpan, and other: RawSpan, _ body: (Span<Double>, Span<Double>) -> Void
  ) {
    let step = Self.blockCount * width
    for start in stride(from: 0, to: min(piece.byteCount, other.byteCount), by: step) {
      let range = start..<min(start + step, piece.byteCount, other.byteCount)
      forEachBlock(of: piece.extracting(range)) { block in
        forEachBlock(of: other.extracting(range)) { body(block, $0) }
      }
    }
  }

  // As many as there are bytes for, which is no more than there is room for.
  private func decode(_ bytes: RawSpan, into numbers: inout [Double]) {
    switch dtype {
    case .float32, .complex64:
      Self.decode(bytes, into: &numbers) { (bits: UInt32) in Double(Float(bitPattern: bits)) }
    case .float64, .complex128:
      Self.decode(bytes, into: &numbers) { (bits: UInt64) in Double(bitPattern: bits) }
    case .bfloat16:
      Self.decode(bytes, into: &numbers) { (bits: UInt16) in
        Double(Float(bitPattern: UInt32(bits) << 16))
      }
    case .float16:
      Self.decode(bytes, into: &numbers) { (bits: UInt16) in values[Int(bits)] }
    case .float8E5M2, .float8E4M3FN, .float8E4M3FNUZ, .float8E4M3B11FNUZ, .float8E5M2FNUZ,
      .float4E2M1FN:
      Self.decode(bytes, into: &numbers) { (bits: UInt8) in values[Int(bits)] }
    default: decodeIntegers(bytes, into: &numbers)
    }
  }

  private func decodeIntegers(_ bytes: RawSpan, into numbers: inout [Double]) {
    switch dtype {
    case .int16, .qint16: Self.decode(bytes, into: &numbers) { (value: Int16) in Double(value) }
    case .int32, .qint32: Self.decode(bytes, into: &numbers) { (value: Int32) in Double(value) }
    case .int64: Self.decode(bytes, into: &numbers) { (value: Int64) in Double(value) }
    case .uint16, .quint16: Self.decode(bytes, into: &numbers) { (value: UInt16) in Double(value) }
    case .uint32: Self.decode(bytes, into: &numbers) { (value: UInt32) in Double(value) }
    case .uint64: Self.decode(bytes, into: &numbers) { (value: UInt64) in Double(value) }
    case .bool: Self.decode(bytes, into: &numbers) { (value: UInt8) in value == 0 ? 0 : 1 }
    case .int8, .qint8: Self.decode(bytes, into: &numbers) { (value: Int8) in Double(value) }
    // The low bits count: they go to the top, and come back with their sign.
    case .int4: Self.decode(bytes, into: &numbers) { (value: Int8) in Double((value << 4) >> 4) }
    case .int2: Self.decode(bytes, into: &numbers) { (value: Int8) in Double((value << 6) >> 6) }
    case .uint4: Self.decode(bytes, into: &numbers) { (value: UInt8) in Double(value & 15) }
    case .uint2: Self.decode(bytes, into: &numbers) { (value: UInt8) in Double(value & 3) }
    default: Self.decode(bytes, into: &numbers) { (value: UInt8) in Double(value) }
    }
  }

  @inline(__always)
  private static func decode<Bits: FixedWidthInteger & BitwiseCopyable>(
    _ bytes: RawSpan, into numbers: inout [Double], _ value: (Bits) -> Double
  ) {
    let width = MemoryLayout<Bits>.size
    let count = min(bytes.byteCount / width, numbers.count)
    var output = numbers.mutableSpan
    for index in 0..<count {
      // Whole elements lie in the bytes, and any bytes are an integer.
      let bits = unsafe bytes.unsafeLoadUnaligned(fromByteOffset: index * width, as: Bits.self)
      output[index] = value(Bits(littleEndian: bits))
    }
  }
}
