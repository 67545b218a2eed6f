import CheckpointIO
import CheckpointTable
import CheckpointTestSupport
import Testing

@Suite struct SnappyTests {
  static let compressed = bytes(
    """
    4f 7c 00 00 06 08 01 1a 02 08 01 00 01 0f 61 08
    01 12 04 12 02 08 02 28 08 35 59 3c e5 35 01 1b
    0d 61 66 01 00 34 08 03 12 00 20 08 28 04 35 a7
    8d 9d 88 00 0a 01 00 00 01 0a 04 00
    """)
  static let decompressed = bytes(
    """
    00 00 06 08 01 1a 02 08 01 00 01 0f 61 08 01 12
    04 12 02 08 02 28 08 35 59 3c e5 35 01 1b 0d 61
    61 61 61 61 61 61 61 61 61 61 61 61 61 61 61 61
    61 61 61 61 61 61 61 61 61 61 08 03 12 00 20 08
    28 04 35 a7 8d 9d 88 00 00 00 00 01 00 00 00
    """)

  @Test func `decodes a block that TensorFlow loads`() throws {
    #expect(try Snappy.decode(Self.compressed.span) == Self.decompressed)
  }

  struct Example: CustomTestStringConvertible {
    let name: String
    let input: String
    let output: String
    var testDescription: String { name }
  }

  @Test(arguments: [
    Example(name: "nothing", input: "00", output: ""),
    Example(name: "a length in five bytes", input: "81 80 80 80 00 00 aa", output: "aa"),
    Example(name: "a literal with 1 byte of length", input: "02 f0 01 aa bb", output: "aa bb"),
    Example(name: "2 bytes of length", input: "02 f4 01 00 aa bb", output: "aa bb"),
    Example(name: "3 bytes of length", input: "02 f8 01 00 00 aa bb", output: "aa bb"),
    Example(name: "4 bytes of length", input: "02 fc 01 00 00 00 aa bb", output: "aa bb"),
    Example(name: "a short copy", input: "06 04 aa bb 01 02", output: "aa bb aa bb aa bb"),
    Example(name: "a 2-byte distance", input: "03 04 aa bb 02 02 00", output: "aa bb aa"),
    Example(name: "a 4-byte distance", input: "03 04 aa bb 03 01 00 00 00", output: "aa bb bb"),
    Example(
      name: "an overlapping copy", input: "07 00 aa 01 01 02 01 00 02 02 00",
      output: "aa aa aa aa aa aa aa"),
  ]) func `decodes each kind of element`(example: Example) throws {
    #expect(try Snappy.decode(bytes(example.input).span) == bytes(example.output))
  }

  struct Refusal: CustomTestStringConvertible {
    let name: String
    let input: String
    let error: String
    var testDescription: String { name }
  }

  @Test(arguments: [
    Refusal(name: "empty input", input: "", error: "byte 0: 1 bytes promised, 0 left (truncated)"),
    Refusal(
      name: "length of six bytes", input: "81 80 80 80 80 00 00 aa",
      error: "byte 0: varint 1 of more than 32 bits (corrupt)"),
    Refusal(
      name: "distance 0", input: "06 04 aa bb 01 00",
      error: "byte 4: Snappy stream copies from 0 bytes back (corrupt)"),
    Refusal(
      name: "distance before the start", input: "06 04 aa bb 01 03",
      error: "byte 4: Snappy stream copies from 3 bytes back, after 2 (corrupt)"),
    Refusal(
      name: "copy first", input: "04 01 01",
      error: "byte 1: Snappy stream copies from 1 bytes back, after 0 (corrupt)"),
    Refusal(
      name: "output too short", input: "03 04 aa bb",
      error: "byte 4: Snappy stream gives 2 bytes, but declares 3 (corrupt)"),
    Refusal(
      name: "literal too long", input: "01 04 aa bb",
      error: "byte 1: Snappy stream gives more than the 1 bytes it declares (corrupt)"),
    Refusal(
      name: "copy too long", input: "05 04 aa bb 01 02",
      error: "byte 4: Snappy stream gives more than the 5 bytes it declares (corrupt)"),
    Refusal(
      name: "bytes left over", input: "02 04 aa bb 00",
      error: "byte 4: Snappy stream gives more than the 2 bytes it declares (corrupt)"),
    Refusal(
      name: "literal past the input", input: "03 08 aa bb",
      error: "byte 2: 3 bytes promised, 2 left (truncated)"),
    Refusal(
      name: "literal length past the input", input: "03 f4 02",
      error: "byte 3: 1 bytes promised, 0 left (truncated)"),
    Refusal(
      name: "literal of 4 GiB", input: "03 fc ff ff ff ff",
      error: "byte 1: Snappy stream gives more than the 3 bytes it declares (corrupt)"),
    Refusal(
      name: "copy past the input", input: "06 04 aa bb 02 02",
      error: "byte 6: 1 bytes promised, 0 left (truncated)"),
    Refusal(
      name: "bomb of 4 GiB", input: "ff ff ff ff 0f 00 aa fe 01 00",
      error:
        "byte 0: Snappy stream of 10 bytes declares 4294967295, no stream expands so far (corrupt)"),
  ]) func `refuses what TensorFlow refuses`(refusal: Refusal) {
    let input = bytes(refusal.input)
    let error = #expect(throws: CheckpointError.self) { try Snappy.decode(input.span) }
    #expect(error?.description == refusal.error)
  }

  @Test func `keeps to the limit of the caller`() throws {
    let input = Self.compressed
    #expect(try Snappy.decode(input.span, limit: 79) == Self.decompressed)
    let error = #expect(throws: CheckpointError.self) { try Snappy.decode(input.span, limit: 78) }
    #expect(error?.code == .limitExceeded)
    #expect(error?.message == "Snappy stream declares 79 bytes, the limit is 78")
  }

  @Test func `decodes the densest stream there is`() throws {
    let count = 1 + 64 * 1000
    var stream = ByteWriter()
    stream.write(varint: UInt64(count))
    stream.write([0x00, 0xAA])
    for _ in 0..<1000 { stream.write([0xFE, 0x01, 0x00]) }
    #expect(try Snappy.decode(stream.bytes.span) == [UInt8](repeating: 0xAA, count: count))
  }

  @Test(.timeLimit(.minutes(20))) func `refuses every stream that is cut short`() {
    for count in 0..<Self.compressed.count {
      let input = Array(Self.compressed.prefix(count))
      #expect(throws: CheckpointError.self, "\(count) bytes") { try Snappy.decode(input.span) }
    }
  }

  @Test(.timeLimit(.minutes(20))) func `decodes what random elements say`() throws {
    for seed in 0..<500 as Range<UInt64> {
      var rng = SeededGenerator(seed: seed)
      let (input, output) = Self.randomStream(using: &rng)
      #expect(try Snappy.decode(input.span) == output, "seed \(seed)")
    }
  }

  @Test(.timeLimit(.minutes(20))) func `gives bytes or an error for random input`() {
    for seed in 0..<3_000 as Range<UInt64> {
      var rng = SeededGenerator(seed: seed)
      var (input, _) = Self.randomStream(using: &rng)
      for _ in 0..<3 {
        input[Int.random(in: 0..<input.count, using: &rng)] = UInt8.random(in: 0...255, using: &rng)
      }
      if let output = try? Snappy.decode(input.span) {
        #expect(output.count <= 22 * input.count + 64, "seed \(seed)")
      }
    }
  }

  // Random elements, and what they mean byte by byte.
  static func randomStream(using rng: inout SeededGenerator) -> (input: [UInt8], output: [UInt8]) {
    var (elements, output) = (ByteWriter(), [UInt8]())
    for _ in 0..<Int.random(in: 1...40, using: &rng) {
      let kind = output.isEmpty ? 0 : Int.random(in: 0...3, using: &rng)
      let length =
        kind == 1 ? Int.random(in: 4...11, using: &rng) : Int.random(in: 1...64, using: &rng)
      let distance = Int.random(in: 1...min(max(output.count, 1), 2047), using: &rng)
      switch kind {
      case 0:
        let literal = (0..<length).map { _ in UInt8.random(in: 0...3, using: &rng) }
        if length <= 60 {
          elements.write(byte: UInt8((length - 1) << 2))
        } else {
          elements.write([60 << 2, UInt8(length - 1)])
        }
        elements.write(literal)
        output += literal
        continue
      case 1:
        let tag = ((distance >> 8) << 5) | ((length - 4) << 2) | 1
        elements.write([UInt8(tag), UInt8(distance & 255)])
      case 2:
        elements.write([UInt8((length - 1) << 2 | 2), UInt8(distance & 255), UInt8(distance >> 8)])
      default:
        elements.write(byte: UInt8((length - 1) << 2 | 3))
        elements.write(UInt32(distance))
      }
      for _ in 0..<length { output.append(output[output.count - distance]) }
    }
    var input = ByteWriter()
    input.write(varint: UInt64(output.count))
    input.write(elements.bytes)
    return (input.bytes, output)
  }
}
