import CheckpointIO
import CheckpointTestSupport
import Testing

/// Arithmetic on numbers that nobody vouched for, and parts of files.
@Suite struct ByteRangeTests {
  @Test func `sums and products that do not fit are nil`() {
    #expect(UInt64.max.adding(0) == .max)
    #expect(UInt64.max.adding(1) == nil)
    #expect((UInt64.max - 1).adding(1) == .max)
    #expect((1 << 32 as UInt64).multiplied(by: 1 << 31) == 1 << 63)
    #expect((1 << 32 as UInt64).multiplied(by: 1 << 32) == nil)
    #expect(UInt64.max.multiplied(by: 1) == .max && UInt64.max.multiplied(by: 0) == 0)
  }

  @Test(
    arguments: [
      (0, 0, 0), (0, 10, 10), (10, 0, 10), (3, 4, 7), (0, 0, .max), (0, .max, .max),
      (.max - 1, 1, .max),
    ] as [(UInt64, UInt64, UInt64)])
  func `a range within a file is one`(offset: UInt64, count: UInt64, size: UInt64) throws {
    let range = ByteRange(offset: offset, count: count)
    #expect(range.end == offset + count)
    try range.checked(within: size, what: "this")
  }

  @Test(
    arguments: [
      (0, 1, 0), (11, 0, 10), (10, 1, 10), (3, 5, 7), (.max, 1, .max), (1, .max, .max),
      (.max, .max, .max), (1 << 63, 1 << 63, .max),
    ] as [(UInt64, UInt64, UInt64)])
  func `a range that leaves a file is none`(offset: UInt64, count: UInt64, size: UInt64) {
    let error = #expect(throws: CheckpointError.self) {
      try ByteRange(offset: offset, count: count).checked(within: size, what: "this")
    }
    #expect(
      error?.description
        == "byte \(offset): this takes \(count) bytes from byte \(offset) on, but only "
        + "\(size - min(offset, size)) of \(size) are left (truncated)")
  }

  @Test func `keys are ordered as unsigned bytes, the shorter first`() {
    for seed in 0..<2_000 as Range<UInt64> {
      var random = SeededGenerator(seed: seed)
      let common = (0..<Int.random(in: 0...20, using: &random)).map { _ in UInt8(0xFE) }
      let keys = (0..<2).map { _ in
        common
          + (0..<Int.random(in: 0...3, using: &random)).map { _ in
            [0, 1, 0x7F, 0x80, 0xFF].randomElement(using: &random) ?? 0
          }
      }
      let (one, two) = (keys[0], keys[1])
      let prefix = zip(one, two).prefix { $0 == $1 }.count
      #expect(one.span.commonPrefixCount(with: two.span) == prefix, "seed \(seed)")
      #expect(one.span.precedes(two.span) == one.lexicographicallyPrecedes(two), "seed \(seed)")
      #expect(one.span.matches(two.span) == (one == two), "seed \(seed)")
      let order: KeyOrder =
        one == two ? .same : one.lexicographicallyPrecedes(two) ? .before : .after
      #expect(one.span.order(to: two.span) == order, "seed \(seed)")
    }
  }

  @Test func `hexadecimal numbers have all their digits`() {
    #expect((0 as UInt8).hexadecimal == "00" && (0xAB as UInt8).hexadecimal == "ab")
    #expect((1 as UInt32).hexadecimal == "00000001" && UInt64.max.hexadecimal == "ffffffffffffffff")
  }

  @Test(arguments: [1, 2, 3, 4, 8])
  func `reverses the bytes of each number, and leaves a rest alone`(width: Int) {
    for count in 0...17 {
      var bytes = (0..<count).map { UInt8($0) }
      let whole = count / width * width
      let expected =
        stride(from: 0, to: whole, by: width).flatMap { bytes[$0..<$0 + width].reversed() }
        + bytes[whole...]
      var span = bytes.mutableSpan
      var raw = unsafe span.mutableBytes
      raw.reverseBytes(ofEvery: width)
      #expect(bytes == expected, "\(count) bytes")
    }
  }
}
