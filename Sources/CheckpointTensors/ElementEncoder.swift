package import CheckpointIO

/// Turns `Double`s into the floating-point elements of a tensor, as files have them: each becomes the nearest
/// number of the type.
package struct ElementEncoder: Sendable {
  private let dtype: DType
  private let format: SmallFloat?

  /// Prepares for a dtype; `nil` if its elements are no floating-point numbers, or complex ones of these.
  package init?(_ dtype: DType) {
    self.dtype = dtype
    format = SmallFloat(dtype)
    guard dtype.isFloatingPoint else { return nil }
  }

  /// Appends numbers, little-endian; of complex ones, the parts in turn.
  package func append(_ numbers: Span<Double>, to bytes: inout ByteWriter) {
    for index in numbers.indices { append(numbers[index], to: &bytes) }
  }

  private func append(_ number: Double, to bytes: inout ByteWriter) {
    switch dtype {
    case .float32, .complex64: bytes.write(Float(number).bitPattern)
    case .bfloat16, .float16:
      let bits = format?.nearest(number) ?? 0  // both have one
      bytes.write(byte: UInt8(truncatingIfNeeded: bits))
      bytes.write(byte: UInt8(truncatingIfNeeded: bits >> 8))
    case _ where format != nil:
      bytes.write(byte: UInt8(truncatingIfNeeded: format?.nearest(number) ?? 0))
    default: bytes.write(number.bitPattern)
    }
  }
}
