import CChecksums
import CheckpointIO
import CheckpointTestSupport
import Testing

@Suite struct CRC32CTests {
  // RFC 3720, appendix B.4, and the check value of the polynomial.
  static let vectors: [([UInt8], UInt32)] = [
    (Array(repeating: 0, count: 32), 0x8A91_36AA),
    (Array(repeating: 0xFF, count: 32), 0x62A8_AB43),
    (Array(0..<32), 0x46DD_794E),
    (Array((0..<32).reversed()), 0x113F_DB5C),
    (Array("123456789".utf8), 0xE306_9283),
    ([], 0),
  ]

  @Test(arguments: vectors)
  func `agrees with the standard`(bytes: [UInt8], expected: UInt32) {
    #expect(unsafe CRC32C(of: bytes.span.bytes).value == expected)
  }

  @Test(arguments: [(0, 0xA282_EAD8), (0xE306_9283, 0xC78A_B0E5), (0x8A91_36AA, 0x0FD7_FFFA)])
  func `masks and unmasks`(value: UInt32, masked: UInt32) {
    #expect(CRC32C(value: value).masked == masked)
    #expect(CRC32C(unmasking: masked).value == value)
  }

  @Test func `every implementation of this machine agrees with the portable one`() throws {
    for seed in 0..<300 as Range<UInt64> {
      var random = SeededGenerator(seed: seed)
      let count = Int.random(in: 0...(seed % 10 == 0 ? 100_000 : 1_000), using: &random)
      let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
      let start = Int.random(in: 0...count, using: &random)
      let part = bytes[start...]
      let expected = unsafe part.withUnsafeBytes {
        unsafe ck_crc32c_extend_with(0, 7, $0.baseAddress, $0.count)
      }
      for index in 0..<ck_crc32c_implementation_count()
      where ck_crc32c_implementation_usable(index) != 0 {
        let found = unsafe part.withUnsafeBytes {
          unsafe ck_crc32c_extend_with(index, 7, $0.baseAddress, $0.count)
        }
        #expect(found == expected, "implementation \(index), seed \(seed)")
      }
    }
  }

  @Test func `goes on where it stopped, and joins parts`() {
    for seed in 0..<200 as Range<UInt64> {
      var random = SeededGenerator(seed: seed)
      let bytes = (0..<5000).map { _ in UInt8.random(in: 0...255, using: &random) }
      let cut = Int.random(in: 0...bytes.count, using: &random)
      let (head, tail) = (Array(bytes[..<cut]), Array(bytes[cut...]))
      let whole = unsafe CRC32C(of: bytes.span.bytes)
      var running = unsafe CRC32C(of: head.span.bytes)
      unsafe running.update(tail.span.bytes)
      #expect(running == whole, "seed \(seed)")
      var joined = unsafe CRC32C(of: head.span.bytes)
      unsafe joined.append(CRC32C(of: tail.span.bytes), count: UInt64(tail.count))
      #expect(joined == whole, "seed \(seed)")
    }
  }
}
