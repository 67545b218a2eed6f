import CheckpointIO
import CheckpointTable
import CheckpointTestSupport
import Testing

/// What a hostile block with a right checksum can do.
@Suite struct HostileBlockTests {
  // MARK: Blocks

  @Test(arguments: [0, 3]) func `refuses a block without a number of restarts`(count: Int) {
    #expect(
      problem(table([UInt8](repeating: 0, count: count)))
        == "memory.index: byte 0: a block has at least 4 bytes, this one has \(count)"
        + damageAdvice)
  }

  @Test(arguments: [2, 3, 1 << 30, .max] as [UInt32])
  func `refuses more restarts than fit`(count: UInt32) {
    var data = ByteWriter()
    data.write([0, 0, 0, 0] + Array("key".utf8))
    data.write(count)
    #expect(
      problem(table(data.bytes))
        == "memory.index: byte 7: the block of 11 bytes has no room for \(count) restarts"
        + damageAdvice)
  }

  @Test func `refuses entries without restarts`() {
    #expect(
      problem(table(block([StoredEntry("a")], restarts: [])))
        == "memory.index: byte 0: entries, but no restart" + damageAdvice)
  }

  @Test func `refuses a key that shares more than the key before it has`() {
    #expect(
      problem(table(block([StoredEntry("ab"), StoredEntry(shared: 3, "c")])))
        == "memory.index: byte 6: entry shares 3 bytes with the key before it, which has 2"
        + damageAdvice)
    #expect(
      problem(table(block([StoredEntry(shared: 1, "c")])))
        == "memory.index: byte 0: entry shares 1 bytes with the key before it, which has 0"
        + damageAdvice)
  }

  @Test(
    arguments: [
      (2, 0), (0, 2), (1, 1), (.max, 0), (0, .max), (.max, 2), (2, .max), (.max, .max),
      (1 << 31, 1 << 31),
    ] as [(UInt32, UInt32)])
  func `refuses lengths that leave the entries`(unshared: UInt32, valueLength: UInt32) {
    // The one byte that is left is not enough, although the restarts would follow.
    let entry = StoredEntry(shared: 0, unshared: unshared, valueLength: valueLength, rest: [0x62])
    #expect(
      problem(table(block([StoredEntry("a"), entry])))
        == "memory.index: byte 5: entry of \(unshared) key bytes and \(valueLength) value bytes, "
        + "but only 1 are left" + damageAdvice)
  }

  @Test func `refuses an entry without all its lengths`() {
    let data = bytes("00 01 00 61  00 80") + block([])
    #expect(
      problem(table(data)) == "memory.index: byte 4: entry: 1 bytes promised, 0 left" + damageAdvice
    )
    let wide = bytes("80 80 80 80 10 00 00") + block([])
    #expect(
      problem(table(wide)) == "memory.index: byte 0: entry: varint 4294967296 of more than 32 bits"
        + damageAdvice)
  }

  @Test func `reports damage in the middle of a block to whoever looks there`() throws {
    let broken = StoredEntry(shared: 9, unshared: 1, valueLength: 0, rest: [0x62])
    let file = table(block([StoredEntry("a"), broken, StoredEntry("c")]))
    let message =
      "memory.index: byte 5: entry shares 9 bytes with the key before it, which has 1"
      + damageAdvice
    #expect(problem(file) == message)
    for key in ["a", "b", "c", "d"] { #expect(try lookUpProblem(file, key) == message) }
  }

  @Test(
    arguments: [
      ([1], 1, 0), ([0, 3], 3, 1), ([0, 0], 0, 1), ([0, 10, 5], 5, 2),
    ] as [([UInt32], Int, Int)])
  func `refuses restarts where no entry begins`(restarts: [UInt32], offset: Int, number: Int) {
    let entries = [StoredEntry("a"), StoredEntry("b"), StoredEntry("c")]
    #expect(
      problem(table(block(entries, restarts: restarts)))
        == "memory.index: byte \(offset): restart \(number) is at \(offset), where no entry begins"
        + damageAdvice)
  }

  @Test(arguments: [[16], [.max], [15, 15], [16, 15], [15, 16]] as [[UInt32]])
  func `refuses restarts after the entries`(offsets: [UInt32]) {
    let entries = [StoredEntry("a"), StoredEntry("b"), StoredEntry("c")]
    #expect(
      problem(table(block(entries, restarts: [0] + offsets)))
        == "memory.index: byte 15: restart 1 is at \(offsets[0]), the entries end at 15"
        + damageAdvice)
  }

  @Test func `refuses a block whose only restart is after the entries`() {
    #expect(
      problem(table(block([StoredEntry("a")], restarts: [5])))
        == "memory.index: byte 5: restart 0 is at 5, the entries end at 5" + damageAdvice)
  }

  @Test func `refuses a restart at a key that is not stored in full`() {
    let entries = [StoredEntry("ab"), StoredEntry(shared: 1, "c")]
    #expect(
      problem(table(block(entries, restarts: [0, 6])))
        == "memory.index: byte 6: restart 1 is an entry that shares 1 key bytes" + damageAdvice)
  }

  @Test(arguments: [[0, 0], [4]] as [[UInt32]])
  func `refuses restarts of a block without entries`(restarts: [UInt32]) {
    #expect(problem(table(block([], restarts: restarts)))?.hasSuffix(damageAdvice) == true)
  }

  // MARK: Order

  @Test func `refuses keys out of order`() {
    #expect(
      problem(table(block([StoredEntry("b"), StoredEntry("a")])))
        == "memory.index: byte 5: the key after 'b' is smaller" + damageAdvice)
    #expect(
      problem(table(block([StoredEntry("ab"), StoredEntry("a")])))
        == "memory.index: byte 6: the key after 'ab' is smaller" + damageAdvice)
    #expect(
      problem(table(block([StoredEntry("a"), StoredEntry("a")])))
        == "memory.index: byte 5: key 'a' occurs twice" + damageAdvice)
  }

  @Test func `refuses separators out of order`() {
    var assembler = TableAssembler()
    assembler.append(block([StoredEntry("a")]), separator: "c")
    assembler.append(block([StoredEntry("d")]), separator: "b")
    #expect(
      problem(assembler.finish()) == "memory.index: byte 55: the key after 'c' is smaller"
        + damageAdvice)
  }

  @Test func `refuses a key after the separator of its block`() throws {
    var assembler = TableAssembler()
    assembler.append(block([StoredEntry("a"), StoredEntry("c")]), separator: "b")
    assembler.append(block([StoredEntry("d")]), separator: "d")
    let file = assembler.finish()
    let message =
      "memory.index: byte 5: last key 'c' of the block comes after 'b', which the index gives as "
      + "its end" + damageAdvice
    #expect(problem(file) == message)
    #expect(try lookUpProblem(file, "a") == message)
  }

  @Test func `refuses a key before the separator of the block before`() throws {
    var assembler = TableAssembler()
    assembler.append(block([StoredEntry("a")]), separator: "c")
    assembler.append(block([StoredEntry("b")]), separator: "d")
    let file = assembler.finish()
    let message =
      "memory.index: byte 18: first key 'b' of the block precedes 'c', which the index gives as "
      + "the end of the block before" + damageAdvice
    #expect(problem(file) == message)
    #expect(try lookUpProblem(file, "d") == message)
  }

  @Test func `refuses a key in two blocks`() {
    var assembler = TableAssembler()
    assembler.append(block([StoredEntry("a"), StoredEntry("b")]), separator: "b")
    assembler.append(block([StoredEntry("b")]), separator: "c")
    #expect(
      problem(assembler.finish()) == "memory.index: byte 23: key 'b' is in the block before as well"
        + damageAdvice)
  }

  // MARK: Bombs

  @Test func `refuses a Snappy length that no stream reaches`() {
    #expect(
      problem(table([0xFF, 0xFF, 0xFF, 0xFF, 0x0F, 0x00, 0xAA], type: 1))
        == "memory.index: byte 0: compressed block: Snappy stream of 7 bytes declares 4294967295, "
        + "no stream expands so far" + damageAdvice)
  }

  @Test func `says where a compressed block is damaged`() {
    #expect(
      problem(table([0x04, 0x04, 0x61, 0x62, 0x01], type: 1))
        == "memory.index: byte 5: compressed block: 1 bytes promised, 0 left" + damageAdvice)
    let data = block([StoredEntry("b"), StoredEntry("a")])
    #expect(
      problem(table(snappy(data), type: 1))
        == "memory.index: byte 0: byte 5 of the decompressed block: the key after 'b' is smaller"
        + damageAdvice)
  }

  @Test func `keeps to the limit for blocks`() {
    let data = block([StoredEntry("a")])  // 13 bytes, compressed 15
    let (tight, enough) = (TableLimits(blockByteCount: 24), TableLimits(blockByteCount: 25))
    let large = block([StoredEntry(Array("a".utf8), [UInt8](repeating: 0, count: 13))])
    #expect(problem(table(data), limits: tight) == nil)
    #expect(problem(table(large), limits: enough) == nil)
    let advice = "raise TableLimits.blockByteCount if the file can be trusted (limitExceeded)"
    #expect(
      problem(table(large), limits: tight)
        == "memory.index: byte 0: block of 25 bytes, the limit is 24; \(advice)")
    let packed = bytes("19 0c 00 01 0d 61 00 00 2e 01 00 00 20 00 00 00 00 01 00 00 00")
    #expect(problem(table(packed, type: 1), limits: tight)?.hasSuffix(advice) == true)
  }

  @Test func `keeps to the limit for keys that repeat a long one`() {
    // Entries of 5 bytes spell out 1,001 to 2,000: 250 times of what the block has.
    let file = table(block(Self.growingKeys(1_000, from: 1_000)))
    #expect(
      problem(file)
        == "memory.index: byte 0: the keys of a block of 6012 stored bytes have more than 192128 bytes, "
        + "which no writer needs; the limit is in TableLimits (limitExceeded)")
    #expect(problem(file, limits: TableLimits(keyBytesPerByte: 512)) == nil)
    // What a writer makes of long names, with a restart every 16 entries.
    #expect(problem(table(block(Self.growingKeys(15, from: 1_000)))) == nil)
  }

  @Test func `keeps to the limit for keys of a compressed block`() {
    let packed = snappy(block(Self.growingKeys(15, from: 1_000)))
    #expect(problem(table(packed, type: 1)) == nil)
    #expect(
      problem(table(packed, type: 1), limits: TableLimits(keyBytesPerStoredByte: 10))?
        .contains("which no writer needs; the limit is in TableLimits") == true)
  }

  // A key, and then keys that each spell out one byte more than the one before.
  private static func growingKeys(_ count: Int, from length: Int) -> [StoredEntry] {
    let first = StoredEntry([UInt8](repeating: 0x61, count: length), [])
    return [first] + (0..<count).map { StoredEntry(shared: length + $0, [0x61], []) }
  }
}
