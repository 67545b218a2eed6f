import CheckpointIO
import CheckpointTable
import CheckpointTestSupport
import Testing

/// What the parts around the blocks of a hostile table can do: footer, handles, checksums.
@Suite struct HostileTableTests {
  // MARK: The end of the file

  @Test(arguments: [0, 1, 47]) func `refuses a file shorter than a footer`(count: Int) {
    #expect(
      problem(Array(WorkedTableTests.twoVariables.suffix(count)))
        == "memory.index: byte \(count): the file has \(count) bytes, the smallest table has 48; "
        + "it was cut short or is no checkpoint, restore another checkpoint (truncated)")
  }

  @Test func `refuses a wrong magic and bytes after the footer`() {
    var wrong = WorkedTableTests.twoVariables
    wrong[wrong.count - 1] = 0xDC
    let advice =
      "it is no checkpoint index, or bytes were lost or added at its end: "
      + "restore another checkpoint (corrupt)"
    #expect(
      problem(wrong)
        == "memory.index: byte 130: the file ends with 57 fb 80 8b 24 75 47 dc, a table with "
        + "57 fb 80 8b 24 75 47 db; \(advice)")
    #expect(
      problem(WorkedTableTests.twoVariables + [0])
        == "memory.index: byte 131: the file ends with fb 80 8b 24 75 47 db 00, a table with "
        + "57 fb 80 8b 24 75 47 db; \(advice)")
  }

  @Test func `refuses a footer without handles`() {
    let footer = [UInt8](repeating: 0xFF, count: 40)
    #expect(
      problem(TableAssembler().finish(footer: footer))
        == "memory.index: byte 0: footer: varint of more than 64 bits" + damageAdvice)
  }

  // MARK: Handles

  @Test(
    arguments: [
      (0, 94), (94, 0), (89, 1), (0, 1 << 31), (0, 1 << 62), (1 << 63, 1 << 63), (8, .max),
      (.max, .max), (.max, 0),
    ] as [(UInt64, UInt64)])
  func `refuses handles that leave the file`(offset: UInt64, count: UInt64) {
    let position = BlockPosition(offset: offset, byteCount: count)
    var assembler = TableAssembler()
    let data = block([StoredEntry("a")])
    assembler.append(data)
    let file = assembler.finish(index: block([StoredEntry(Array("b".utf8), position.bytes)]))
    let footer = file.count - 48
    #expect(footer <= 94)
    let message =
      "takes \(count) bytes and a trailer of 5 from byte \(offset) on, but the footer "
      + "begins at byte"
    #expect(
      problem(file) == "memory.index: byte \(offset): block 0 \(message) \(footer)" + damageAdvice)

    var other = TableAssembler()
    other.append(data)
    #expect(
      problem(other.finish(footer: [0, 0] + position.bytes))
        == "memory.index: byte \(offset): the index block \(message) 18" + damageAdvice)
  }

  @Test func `refuses a handle that is no varint`() {
    let file = TableAssembler().finish(index: block([StoredEntry(Array("b".utf8), [0x80])]))
    #expect(
      problem(file) == "memory.index: byte 13: handle of block 0: 1 bytes promised, 0 left"
        + damageAdvice)
  }

  @Test func `refuses a block that is named twice`() {
    var assembler = TableAssembler()
    let position = assembler.append(block([StoredEntry("a")]))
    assembler.name(position, separator: [0x61])
    assembler.name(position, separator: [0x62])
    #expect(
      problem(assembler.finish())
        == "memory.index: byte 0: block 1 begins at byte 0, but the block before it ends at "
        + "byte 18" + damageAdvice)
  }

  @Test func `refuses the index as a data block`() {
    var assembler = TableAssembler()
    // The index block comes after the metaindex, 13 bytes from the start, and has 14 bytes.
    assembler.name(BlockPosition(offset: 13, byteCount: 14), separator: [0x61])
    #expect(
      problem(assembler.finish())
        == "memory.index: byte 13: block 0, bytes 13 to 32, overlaps the index block, bytes 13 "
        + "to 32" + damageAdvice)
  }

  @Test func `refuses an index without blocks`() {
    #expect(
      problem(TableAssembler().finish())
        == "memory.index: byte 13: the index names no block, a checkpoint has at least one"
        + damageAdvice)
  }

  // MARK: Checksums and types

  @Test func `refuses a wrong checksum of any block, and of a later one too`() throws {
    let entries = [Entry("a", "1"), Entry("b", "2"), Entry("c", "3")]
    let file = try writeTable(entries, blockByteCount: 1)
    for number in 0..<3 {
      var damaged = file
      damaged[number * 18 + 4] ^= 0xFF  // the value
      let start = "memory.index: byte \(number * 18): block checksum is 0x"
      let listing = try #require(problem(damaged))
      #expect(listing.hasPrefix(start) && listing.hasSuffix(damageAdvice))
      let lost = String(decoding: entries[number].key, as: UTF8.self)
      #expect(try lookUpProblem(damaged, lost) == listing)
      #expect(try lookUpProblem(damaged, lost == "a" ? "b" : "a") == nil)
    }
    var index = file
    index[3 * 18 + 13] ^= 0xFF
    #expect(problem(index)?.hasPrefix("memory.index: byte 67: block checksum is 0x") == true)
  }

  @Test func `says which checksum was found and which is stored`() {
    var assembler = TableAssembler()
    let data = block([StoredEntry("a")])
    assembler.name(assembler.append(data, checksum: 0xA282_EAD8), separator: [0x61])
    let found = unsafe CRC32C(of: (data + [0]).span.bytes).value
    #expect(
      problem(assembler.finish())
        == "memory.index: byte 0: block checksum is 0x\(String(found, radix: 16)), expected 0x0"
        + damageAdvice)
  }

  @Test(arguments: [2, 3, 255] as [UInt8]) func `refuses unknown compression`(type: UInt8) {
    #expect(
      problem(table(block([StoredEntry("a")]), type: type))
        == "memory.index: byte 13: block has compression type \(type); there are 0 (none) and 1 "
        + "(Snappy)" + damageAdvice)
  }
}
