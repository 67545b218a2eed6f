package import CheckpointIO
import CheckpointWire

// Writing a list, packed.

extension TensorValueList {
  /// How many bytes the TensorProto of these numbers takes.
  package func messageByteCount(numbers: RawSpan) -> Int {
    fieldByteCount(packed: packedByteCount(numbers))
  }

  /// How many bytes the TensorProto of these strings takes.
  package func messageByteCount(strings: [[UInt8]]) -> Int {
    strings.reduce(0) { $0 + fieldHeadByteCount($1.count) + $1.count }
  }

  private func fieldByteCount(packed count: Int) -> Int {
    count == 0 ? 0 : fieldHeadByteCount(count) + count
  }

  private func fieldHeadByteCount(_ count: Int) -> Int {
    ByteWriter.varintLength(UInt64(WireTag.bytes(number).rawValue))
      + ByteWriter.varintLength(UInt64(count))
  }

  private func packedByteCount(_ numbers: RawSpan) -> Int {
    guard encoding == .varint else { return numbers.byteCount }
    var count = 0
    for offset in stride(from: 0, to: numbers.byteCount, by: width) {
      count += ByteWriter.varintLength(value(of: numbers, at: offset))
    }
    return count
  }

  /// Writes the TensorProto of these numbers, which are in this machine's byte order.
  package func write(numbers: RawSpan, to writer: inout ByteWriter) {
    guard numbers.byteCount > 0 else { return }
    writer.write(number, messageOf: packedByteCount(numbers))
    switch encoding {
    case .varint:
      for offset in stride(from: 0, to: numbers.byteCount, by: width) {
        writer.write(varint: value(of: numbers, at: offset))
      }
    case .fixed, .bytes:
      #if _endian(little)
      writer.write(Span<UInt8>(_bytes: numbers))
      #else
      for offset in stride(from: 0, to: numbers.byteCount, by: width) {
        let value = value(of: numbers, at: offset)
        if width == 4 { writer.write(UInt32(value)) } else { writer.write(value) }
      }
      #endif
    }
  }

  /// Writes the TensorProto of these strings.
  package func write(strings: [[UInt8]], to writer: inout ByteWriter) {
    for string in strings { writer.write(number, message: string) }
  }

  // A number as its varint has it. `offset + width` is at most the span's size; the load checks it.
  private func value(of numbers: RawSpan, at offset: Int) -> UInt64 {
    let value: UInt64 =
      switch width {
      case 1: UInt64(unsafe numbers.unsafeLoad(fromByteOffset: offset, as: UInt8.self))
      case 2: UInt64(unsafe numbers.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt16.self))
      case 4: UInt64(unsafe numbers.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt32.self))
      default: unsafe numbers.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self)
      }
    return isSigned ? extended(value) : isBool ? min(value, 1) : value
  }

  /// The low bytes of a number, extended to 64 bits by its sign or by zeros.
  func extended(_ value: UInt64) -> UInt64 {
    let shift = UInt64(64 - 8 * width)
    return isSigned
      ? UInt64(bitPattern: Int64(bitPattern: value << shift) >> Int64(shift))
      : (value << shift) >> shift
  }
}
