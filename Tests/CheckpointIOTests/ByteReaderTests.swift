import CheckpointIO
import CheckpointTestSupport
import Testing

/// Proves that a cursor gives the bytes that there are, and an error for all others.
@Suite struct ByteReaderTests {
  private func error(
    of bytes: [UInt8], _ body: (inout ByteReader) throws(CheckpointError) -> Void
  ) -> CheckpointError? {
    var reader = ByteReader(bytes.span)
    do throws(CheckpointError) {
      try body(&reader)
      return nil
    } catch {
      return error
    }
  }

  private func readAll<Value>(
    _ bytes: [UInt8], _ body: (inout ByteReader) throws(CheckpointError) -> Value
  ) throws(CheckpointError) -> (value: Value, offset: Int) {
    var reader = ByteReader(bytes.span)
    let value = try body(&reader)
    return (value, reader.offset)
  }

  // MARK: Bytes

  @Test func `goes from the first byte to the end, and no further`() throws {
    let bytes: [UInt8] = [7, 8, 9]
    var reader = ByteReader(bytes.span)
    #expect(reader.offset == 0 && reader.remaining == 3 && !reader.isAtEnd)
    #expect(reader.peek() == 7 && reader.offset == 0)
    reader.skipByte()
    #expect(try reader.readByte() == 8)
    #expect(reader.offset == 2 && reader.remaining == 1 && reader.peek() == 9)
    #expect(try reader.readByte() == 9)
    #expect(reader.isAtEnd && reader.remaining == 0 && reader.peek() == nil)
    for _ in 0..<2 {
      do throws(CheckpointError) {
        _ = try reader.readByte()
        Issue.record("there is no fourth byte")
      } catch {
        #expect(error.description == "byte 3: 1 bytes promised, 0 left (truncated)")
      }
      #expect(reader.offset == 3)
    }
  }

  @Test func `of no bytes everything is the end`() {
    let reader = ByteReader([UInt8]().span)
    #expect(reader.isAtEnd && reader.peek() == nil && reader.remaining == 0)
  }

  @Test(arguments: [4, 5, 1 << 31, 1 << 32, 1 << 62, 1 << 63, .max] as [UInt64])
  func `refuses more bytes than there are, and stays where it is`(count: UInt64) throws {
    let bytes: [UInt8] = [0, 1, 2, 3]
    var reader = ByteReader(bytes.span)
    reader.skipByte()
    do throws(CheckpointError) {
      _ = try reader.readBytes(count)
      Issue.record("there are three bytes")
    } catch {
      #expect(error.description == "byte 1: \(count) bytes promised, 3 left (truncated)")
    }
    #expect(reader.offset == 1)
    #expect(try reader.readBytes(3).count == 3)
  }

  @Test func `returns exactly what was asked for`() throws {
    for seed in 0..<500 as Range<UInt64> {
      var random = SeededGenerator(seed: seed)
      let bytes = (0..<100).map { _ in UInt8.random(in: 0...255, using: &random) }
      let start = Int.random(in: 0...100, using: &random)
      let count = Int.random(in: 0...100 - start, using: &random)
      var reader = ByteReader(bytes.span)
      _ = try reader.readBytes(UInt64(start))
      let found = Array(copying: try reader.readBytes(UInt64(count)))
      #expect(found == Array(bytes[start..<start + count]), "seed \(seed)")
      #expect(reader.offset == start + count, "seed \(seed)")
    }
  }

  // MARK: Fixed integers

  @Test func `reads fixed integers with the lowest byte first`() throws {
    let bytes: [UInt8] = [1, 2, 3, 0x84, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 9]
    var reader = ByteReader(bytes.span)
    #expect(try reader.readUInt32() == 0x8403_0201)
    #expect(try reader.readUInt64() == 0x8877_6655_4433_2211)
    #expect(reader.offset == 12)
  }

  @Test(arguments: 0..<4)
  func `refuses a fixed integer of four bytes that is cut`(count: Int) {
    let error = error(of: Array(repeating: 1, count: count)) { reader throws(CheckpointError) in
      _ = try reader.readUInt32()
    }
    #expect(error?.description == "byte 0: 4 bytes promised, \(count) left (truncated)")
  }

  @Test(arguments: 0..<8)
  func `refuses a fixed integer of eight bytes that is cut`(count: Int) {
    let error = error(of: [0] + Array(repeating: 1, count: count)) {
      reader throws(CheckpointError) in
      reader.skipByte()
      _ = try reader.readUInt64()
    }
    #expect(error?.description == "byte 1: 8 bytes promised, \(count) left (truncated)")
  }

  // MARK: Varints

  // Computed by hand, from protobuf's encoding guide.
  static let varints: [(UInt64, [UInt8])] = [
    (0, [0]), (1, [1]), (127, [0x7F]), (128, [0x80, 0x01]), (150, [0x96, 0x01]),
    (300, [0xAC, 0x02]), (16_383, [0xFF, 0x7F]), (16_384, [0x80, 0x80, 0x01]),
    (UInt64(UInt32.max), [0xFF, 0xFF, 0xFF, 0xFF, 0x0F]),
    (1 << 32, [0x80, 0x80, 0x80, 0x80, 0x10]),
    (1 << 63, Array(repeating: 0x80, count: 9) + [0x01]),
    (.max, Array(repeating: 0xFF, count: 9) + [0x01]),
  ]

  @Test(arguments: varints)
  func `reads and writes varints as protobuf does`(value: UInt64, bytes: [UInt8]) throws {
    let read = try readAll(bytes + [0xAA]) { reader throws(CheckpointError) in
      try reader.readVarint()
    }
    #expect(read == (value, bytes.count))
    var writer = ByteWriter()
    writer.write(varint: value)
    #expect(writer.bytes == bytes)
    #expect(ByteWriter.varintLength(value) == bytes.count)
    for count in 0..<bytes.count {
      let error = error(of: Array(bytes.prefix(count))) { reader throws(CheckpointError) in
        _ = try reader.readVarint()
      }
      #expect(error?.code == .truncated, "\(count) bytes of \(value)")
      #expect(error?.offset == UInt64(count))
    }
  }

  @Test(arguments: 2...10)
  func `reads varints that are longer than they have to be`(length: Int) throws {
    let bytes = [0x85] + Array(repeating: 0x80, count: length - 2) + [0] as [UInt8]
    let read = try readAll(bytes) { reader throws(CheckpointError) in try reader.readVarint() }
    #expect(read == (5, length))
  }

  @Test(
    arguments: [
      Array(repeating: 0xFF, count: 9) + [0x02], Array(repeating: 0x80, count: 9) + [0x02],
      Array(repeating: 0x80, count: 10) + [0x00], Array(repeating: 0xFF, count: 11),
      Array(repeating: 0x80, count: 9) + [0x81, 0x00],
    ] as [[UInt8]])
  func `refuses varints of more than 64 bits, at their beginning`(bytes: [UInt8]) {
    let error = error(of: [0] + bytes) { reader throws(CheckpointError) in
      reader.skipByte()
      _ = try reader.readVarint()
    }
    #expect(error?.description == "byte 1: varint of more than 64 bits (corrupt)")
  }

  @Test func `reads varints of 32 bits in five bytes at most`() throws {
    for (value, bytes) in Self.varints {
      let error = error(of: bytes) { reader throws(CheckpointError) in
        _ = try reader.readVarint32()
      }
      if value <= UInt64(UInt32.max) {
        #expect(error == nil, "\(value)")
        let read = try readAll(bytes) { reader throws(CheckpointError) in
          try reader.readVarint32()
        }
        #expect(read == (UInt32(value), bytes.count))
      } else {
        #expect(
          error?.description == "byte 0: varint \(value) of more than 32 bits (corrupt)", "\(value)"
        )
      }
    }
    let five = try readAll([0x81, 0x80, 0x80, 0x80, 0]) { reader throws(CheckpointError) in
      try reader.readVarint32()
    }
    #expect(five == (1, 5))
    let six = error(of: [0x81, 0x80, 0x80, 0x80, 0x80, 0]) { reader throws(CheckpointError) in
      _ = try reader.readVarint32()
    }
    #expect(six?.code == .corrupt)
  }

  // MARK: Both ways

  private enum Piece: Equatable {
    case byte(UInt8)
    case word(UInt32)
    case long(UInt64)
    case varint(UInt64)
    case bytes([UInt8])

    static func random(_ random: inout SeededGenerator) -> Piece {
      // As many short numbers as long ones.
      let number =
        UInt64.random(in: 0 ... .max, using: &random) >> Int.random(in: 0...63, using: &random)
      switch Int.random(in: 0..<5, using: &random) {
      case 0: return .byte(UInt8(truncatingIfNeeded: number))
      case 1: return .word(UInt32(truncatingIfNeeded: number))
      case 2: return .long(number)
      case 3: return .varint(number)
      default: return .bytes((0..<number % 9).map { UInt8($0) })
      }
    }
  }

  private func write(_ pieces: [Piece]) -> ByteWriter {
    var writer = ByteWriter(capacity: 8)
    for piece in pieces {
      switch piece {
      case .byte(let byte): writer.write(byte: byte)
      case .word(let word): writer.write(word)
      case .long(let long): writer.write(long)
      case .varint(let number): writer.write(varint: number)
      case .bytes(let bytes):
        if bytes.count % 2 == 0 { writer.write(bytes) } else { writer.write(bytes.span) }
      }
    }
    return writer
  }

  private func read(_ pieces: [Piece], from bytes: [UInt8]) throws(CheckpointError) -> [Piece] {
    var reader = ByteReader(bytes.span)
    var found: [Piece] = []
    for piece in pieces {
      switch piece {
      case .byte: found.append(.byte(try reader.readByte()))
      case .word: found.append(.word(try reader.readUInt32()))
      case .long: found.append(.long(try reader.readUInt64()))
      case .varint: found.append(.varint(try reader.readVarint()))
      case .bytes(let bytes):
        found.append(.bytes(Array(copying: try reader.readBytes(UInt64(bytes.count)))))
      }
    }
    #expect(reader.remaining == 0)
    return found
  }

  @Test func `reads what a writer has written, and refuses it cut anywhere`() throws {
    for seed in 0..<200 as Range<UInt64> {
      var random = SeededGenerator(seed: seed)
      let pieces = (0..<8).map { _ in Piece.random(&random) } + [.word(7)]
      let writer = write(pieces)
      #expect(writer.count == writer.bytes.count)
      #expect(try read(pieces, from: writer.bytes) == pieces, "seed \(seed)")
      for count in 0..<writer.count {
        let error = #expect(throws: CheckpointError.self, "seed \(seed), \(count) bytes") {
          try read(pieces, from: Array(writer.bytes.prefix(count)))
        }
        #expect(error?.code == .truncated)
      }
    }
  }

  @Test func `random bytes are read or refused, whatever is asked for`() {
    for seed in 0..<2_000 as Range<UInt64> {
      var random = SeededGenerator(seed: seed)
      let bytes = (0..<Int.random(in: 0...40, using: &random)).map { _ in
        Bool.random(using: &random) ? UInt8.random(in: 0...255, using: &random) : 0x80
      }
      var reader = ByteReader(bytes.span)
      while true {
        let before = reader.offset
        do throws(CheckpointError) {
          switch Int.random(in: 0..<5, using: &random) {
          case 0: _ = try reader.readByte()
          case 1: _ = try reader.readUInt32()
          case 2: _ = try reader.readUInt64()
          case 3: _ = try reader.readVarint32()
          default: _ = try reader.readBytes(try reader.readVarint())
          }
        } catch {
          #expect([.truncated, .corrupt].contains(error.code), "seed \(seed)")
          break
        }
        #expect(reader.offset > before && reader.offset <= bytes.count, "seed \(seed)")
      }
    }
  }
}
