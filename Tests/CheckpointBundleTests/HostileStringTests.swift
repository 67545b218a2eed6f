@testable import CheckpointBundle
import CheckpointIO
import CheckpointTensors
import CheckpointTestSupport
import Testing

/// What payloads of strings and variants can claim.
@Suite struct HostileStringTests {
  private static let strings = ["ab", "", "c"].map { Array($0.utf8) }
  private static let data = "/run/m.data-00000-of-00001: "

  /// The payload that the encoder makes, and its checksum.
  private func payload(variants: Bool = false) -> (bytes: [UInt8], checksum: UInt32) {
    if variants {
      let encoder = StringTensorEncoder(variants: Self.strings)
      return (encoder.head.bytes, encoder.checksum.masked)
    }
    let encoder = StringTensorEncoder(strings: Self.strings)
    return (encoder.head.bytes + Self.strings.flatMap { $0 }, encoder.checksum.masked)
  }

  private func problem(
    _ bytes: [UInt8], checksum: UInt32? = nil, dtype: Int64 = 7, shape: [Int64] = [3],
    size: Int64? = nil, offset: Int64 = 0
  ) throws -> String? {
    var bundle = BundleAssembler(
      StoredFields(
        dtype: dtype, dimensions: shape, offset: offset, size: size ?? Int64(bytes.count),
        checksum: checksum ?? payload(variants: dtype == 21).checksum))
    bundle.data = ["00000-of-00001": [UInt8](repeating: 0x55, count: Int(offset)) + bytes]
    return try bundle.readingProblem()
  }

  @Test func `reads what is right`() throws {
    #expect(try problem(payload().bytes, offset: 7) == nil)
    #expect(try problem(payload(variants: true).bytes, dtype: 21, offset: 7) == nil)
  }

  @Test(arguments: [7, 21] as [Int64], [1 << 40, 1 << 62, .max] as [Int64])
  func `takes no memory for elements that the index has no bytes for`(dtype: Int64, count: Int64)
    throws
  {
    let name = dtype == 7 ? "string" : "variant"
    #expect(
      try problem(payload().bytes, dtype: dtype, shape: [count])
        == "/run/m.index: key 'w': \(count) elements of \(name) do not fit into 10 bytes (corrupt)")
    #expect(
      try problem(payload().bytes, dtype: dtype, shape: [count], size: count)
        == "\(Self.data)byte 0: key 'w': the tensor takes \(count) bytes from byte 0 on, but only "
        + "10 of 10 are left (truncated)")
  }

  // The lengths 2, 0, 1; then other ones, with a checksum that is right for them or not.
  @Test(arguments: [1 << 31, 1 << 32, 1 << 40, 1 << 63, .max] as [UInt64])
  func `takes no memory for a length that lies`(length: UInt64) throws {
    var writer = ByteWriter()
    var checksum = CRC32C()
    for length in [length, 0, 1] {
      writer.write(varint: length)
      var number = ByteWriter()
      if let short = UInt32(exactly: length) { number.write(short) } else { number.write(length) }
      unsafe checksum.update(number.bytes.span.bytes)
    }
    writer.write(checksum.masked)
    writer.write(Array("abc".utf8))
    let end = UInt64(writer.bytes.count - 3)
    let total = length.addingReportingOverflow(1)
    #expect(
      try problem(writer.bytes)
        == "\(Self.data)byte \(end): key 'w': the strings' lengths add up to "
        + "\(total.overflow ? .max : total.partialValue) bytes, there are 3 (corrupt)")
  }

  @Test func `refuses a size that is not the elements'`() throws {
    let (bytes, _) = payload()
    #expect(
      try problem(bytes + [0])
        == "\(Self.data)byte 7: key 'w': the strings' lengths add up to 3 bytes, there are 4 "
        + "(corrupt)")
    #expect(
      try problem(bytes, size: 9)
        == "\(Self.data)byte 7: key 'w': the strings' lengths add up to 3 bytes, there are 2 "
        + "(corrupt)")
    #expect(
      try problem(bytes, size: 5)
        == "\(Self.data)byte 3: key 'w': 4 bytes promised, 2 left (truncated)")
    #expect(
      try problem(payload(variants: true).bytes + [0, 0], dtype: 21)
        == "\(Self.data)byte 18: key 'w': 2 bytes follow the last variant (corrupt)")
  }

  @Test func `refuses a varint without an end`() throws {
    let error = try problem([UInt8](repeating: 0xFF, count: 40))
    #expect(error == "\(Self.data)byte 0: key 'w': varint of more than 64 bits (corrupt)")
  }

  @Test(arguments: [7, 21] as [Int64]) func `finds every flipped bit and every cut`(dtype: Int64)
    throws
  {
    let (bytes, _) = payload(variants: dtype == 21)
    for position in bytes.indices {
      for bit in 0..<8 {
        var damaged = bytes
        damaged[position] ^= 1 << bit
        #expect(try problem(damaged, dtype: dtype) != nil, "byte \(position), bit \(bit)")
      }
      let cut = Array(bytes.prefix(position))
      #expect(try problem(cut, dtype: dtype) != nil, "\(position) bytes")
      #expect(
        try problem(cut, dtype: dtype, size: Int64(bytes.count))?.hasSuffix("(truncated)") == true)
    }
  }

  @Test func `says which checksum is wrong`() throws {
    var (bytes, checksum) = payload()
    bytes[3] ^= 1
    #expect(try problem(bytes)?.contains("byte 3: key 'w': the checksum of lengths is") == true)
    (bytes, checksum) = payload()
    #expect(
      try problem(bytes, checksum: checksum ^ 1)?.contains(
        "byte 0: key 'w': the tensor's checksum is 0x") == true)
  }

  @Test func `refuses a wrong checksum of no strings, and takes none of no bytes`() throws {
    let none = StringTensorEncoder(strings: [])
    #expect(try problem(none.head.bytes, checksum: none.checksum.masked, shape: [0]) == nil)
    #expect(try problem([], checksum: 5, shape: [0]) == nil)  // TensorFlow accepts it
    #expect(try problem(none.head.bytes, checksum: 5, shape: [0]) != nil)
    #expect(try problem([1, 2, 3, 4], checksum: 5, shape: [0]) != nil)
  }

  @Test func `refuses variants of the other byte order, which nobody has written`() throws {
    var bundle = BundleAssembler(StoredFields(dtype: 21, size: 5))
    bundle.header = [0x08, 1, 0x10, 1, 0x1A, 2, 0x08, 1]
    #expect(
      try bundle.readingProblem()
        == "/run/m.data-00000-of-00001: key 'w': variant tensors of big-endian files cannot be read "
        + "(unsupported)")
  }
}
