package import CheckpointIO
import CheckpointTensors
import CheckpointWire

/// The values of a TensorProto on their way into memory, from as many messages as there are.
///
///     var values = TensorValueReader(list, elementCount: 6)
///     try values.read(message, into: &bytes)
///     try values.finish()
///
/// Exactly as many values are taken as there are elements: none is repeated, as TensorProtos outside
/// of checkpoints may have it.
package struct TensorValueReader {
  private let list: TensorValueList
  private let elementCount: Int
  private let byteCount: Int  // of the elements in memory; 0 for strings
  private var filled = 0  // bytes that have been read; in 0...byteCount, always
  /// The elements, if they are strings.
  package private(set) var strings: [[UInt8]] = []

  /// Begins to read numbers, for which there is memory, or strings.
  package init(_ list: TensorValueList, elementCount: Int) {
    self.list = list
    self.elementCount = elementCount
    byteCount = TensorSpec(list.dtype, [elementCount]).byteCount ?? 0
  }

  /// Checks that there was a value for each element.
  ///
  /// - Throws: `corrupt` if not.
  package func finish() throws(CheckpointError) {
    let isString = list.encoding == .bytes
    let found = isString ? strings.count : filled / (list.dtype.byteWidth ?? 1)
    guard found == elementCount, isString || filled == byteCount else {
      throw CheckpointError(.corrupt, "the record has \(found) values for \(elementCount) elements")
    }
  }

  /// The only packed field of a message, if it has the bytes of all elements as memory has them.
  @_lifetime(copy message)
  package func plainBytes(of message: Span<UInt8>) throws(CheckpointError) -> Span<UInt8>? {
    #if _endian(big)
    return nil
    #else
    guard list.encoding == .fixed, filled == 0 else { return nil }
    var fields = WireReader(message)
    guard let tag = try fields.nextTag(), tag == .bytes(list.number) else { return nil }
    let bytes = try fields.readBytes()
    guard bytes.count == byteCount, try fields.nextTag() == nil else { return nil }
    return bytes
    #endif
  }

  /// Reads the numbers of a message into the memory behind those read before.
  ///
  /// - Throws: `corrupt` for more values than elements, for a number that the dtype does not have,
  ///   and for a message of another dtype.
  package mutating func read(_ message: Span<UInt8>, into output: inout MutableRawSpan)
    throws(CheckpointError)
  {
    var fields = WireReader(message)
    while let tag = try fields.nextTag() {
      switch tag {
      case .varint(1): try checkType(fields.readInt32())
      case .bytes(list.number) where list.encoding == .varint:
        try readVarints(fields.readBytes(), into: &output)
      case .bytes(list.number) where list.encoding == .fixed:
        try readPacked(fields.readBytes(), into: &output)
      case .varint(list.number) where list.encoding == .varint:
        try store(fields.readVarint(), to: &output)
      case .fixed32(list.number) where list.encoding == .fixed && list.width == 4:
        try store(UInt64(fields.readFixed32()), to: &output)
      case .fixed64(list.number) where list.encoding == .fixed && list.width == 8:
        try store(fields.readFixed64(), to: &output)
      default: try fields.skip(tag)
      }
    }
  }

  /// Reads the strings of a message behind those read before.
  ///
  /// - Throws: `corrupt` as ``read(_:into:)``.
  package mutating func readStrings(_ message: Span<UInt8>) throws(CheckpointError) {
    var fields = WireReader(message)
    while let tag = try fields.nextTag() {
      switch tag {
      case .varint(1): try checkType(fields.readInt32())
      case .bytes(list.number):
        guard strings.count < elementCount else { throw tooMany }
        strings.append(Array(copying: try fields.readBytes()))
      default: try fields.skip(tag)
      }
    }
  }

  private func checkType(_ type: Int32) throws(CheckpointError) {
    guard type != 0, type != list.dtype.rawValue else { return }
    let name = DType(rawValue: type)?.name ?? "dtype \(type)"
    throw CheckpointError(.corrupt, "the record holds \(name), not \(list.dtype.name)")
  }

  private mutating func readPacked(_ bytes: Span<UInt8>, into output: inout MutableRawSpan)
    throws(CheckpointError)
  {
    guard bytes.count % list.width == 0 else {
      throw CheckpointError(
        .corrupt, "a list of \(list.width)-byte values has \(bytes.count) bytes")
    }
    guard bytes.count <= byteCount - filled else { throw tooMany }
    #if _endian(little)
    var place = output._mutatingExtracting(filled..<filled + bytes.count)  // checks the bounds
    unsafe place.withUnsafeMutableBytes { target in
      unsafe bytes.withUnsafeBytes { unsafe target.copyMemory(from: $0) }
    }
    filled += bytes.count
    #else
    var reader = ByteReader(bytes)
    while !reader.isAtEnd {
      try store(list.width == 4 ? UInt64(reader.readUInt32()) : reader.readUInt64(), to: &output)
    }
    #endif
  }

  private mutating func readVarints(_ bytes: Span<UInt8>, into output: inout MutableRawSpan)
    throws(CheckpointError)
  {
    var position = 0  // in 0...bytes.count, always
    while position < bytes.count {
      let start = position
      var value = UInt64(bytes[position])
      position &+= 1
      if value >= 0x80 {
        value &= 0x7F
        guard try readLongVarint(bytes, from: start, &position, into: &value) else { return }
      }
      try store(value, to: &output)
    }
  }

  // The second byte of a varint and those after it.
  @inline(__always)
  private func readLongVarint(
    _ bytes: Span<UInt8>, from start: Int, _ position: inout Int, into value: inout UInt64
  ) throws(CheckpointError) -> Bool {
    var shift: UInt64 = 7
    while position < bytes.count, shift <= 63 {
      let byte = bytes[position]
      position &+= 1
      guard shift < 63 || byte <= 1 else { break }  // only bit 0 of the tenth byte is a bit of 64
      value |= UInt64(byte & 0x7F) &<< shift
      if byte < 0x80 { return true }
      shift &+= 7
    }
    var reader = ByteReader(bytes.extracting(start...))  // says what is wrong
    _ = try reader.readVarint()
    return false
  }

  @inline(__always)
  private mutating func store(_ value: UInt64, to output: inout MutableRawSpan)
    throws(CheckpointError)
  {
    guard filled < byteCount else { throw tooMany }
    // As protobuf has it, any number but 0 is true.
    let value = list.isBool ? min(value, 1) : value
    guard value == list.extended(value) else { throw outOfRange(value) }
    switch list.width {
    case 1:
      output.storeBytes(of: UInt8(truncatingIfNeeded: value), toByteOffset: filled, as: UInt8.self)
    case 2:
      output.storeBytes(
        of: UInt16(truncatingIfNeeded: value), toByteOffset: filled, as: UInt16.self)
    case 4:
      output.storeBytes(
        of: UInt32(truncatingIfNeeded: value), toByteOffset: filled, as: UInt32.self)
    default: output.storeBytes(of: value, toByteOffset: filled, as: UInt64.self)
    }
    filled += list.width  // `byteCount` is a multiple of it
  }

  private var tooMany: CheckpointError {
    CheckpointError(.corrupt, "the record has more values than the \(elementCount) elements")
  }

  private func outOfRange(_ value: UInt64) -> CheckpointError {
    let number = list.isSigned ? "\(Int64(bitPattern: value))" : "\(value)"
    return CheckpointError(.corrupt, "the value \(number) is no \(list.dtype.name)")
  }
}
