import CheckpointIO
import CheckpointTable
import CheckpointTestSupport
import Synchronization
import Testing

/// What a reader accepts beyond what TensorFlow writes, and what it reads when.
@Suite struct TableReaderTests {
  /// Opens a table, and checks listing and look-ups against what it should hold.
  func expect(_ file: [UInt8], holds keys: String...) throws {
    let table = try readTable(file)
    let expected = keys.map { Array($0.utf8) }
    #expect(try table.entries().map(\.key) == expected)
    for key in expected { #expect(try table.value(for: key) == [1]) }
    for key in ["!", "aa", "zz", "~"] { #expect(try table.value(for: Array(key.utf8)) == nil) }
    #expect(try table.values(ofSorted: expected) == expected.map { _ in [1] })
  }

  func twoBlocks(_ first: [UInt8], _ second: [UInt8], type: UInt8 = 0) -> [UInt8] {
    var assembler = TableAssembler()
    let blocks = [
      block([StoredEntry("a"), StoredEntry("b")]), block([StoredEntry("d"), StoredEntry("e")]),
    ].map { type == 0 ? $0 : snappy($0) }
    assembler.name(assembler.append(blocks[0], type: type), separator: first)
    assembler.name(assembler.append(blocks[1], type: type), separator: second)
    return assembler.finish()
  }

  @Test(arguments: ["b", "bz", "c", "d"], ["e", "f"])
  func `accepts every separator that separates`(first: String, second: String) throws {
    let file = twoBlocks(Array(first.utf8), Array(second.utf8))
    try expect(file, holds: "a", "b", "d", "e")
    #expect(try readTable(file).value(for: Array("c".utf8)) == nil)
  }

  @Test func `accepts a last separator of ff`() throws {
    try expect(twoBlocks([0x63], [0xFF, 0xFF, 0xFF]), holds: "a", "b", "d", "e")
  }

  @Test func `accepts compressed blocks, the index too`() throws {
    try expect(twoBlocks([0x63], [0x65], type: 1), holds: "a", "b", "d", "e")
    var assembler = TableAssembler()
    let position = assembler.append(snappy(block([StoredEntry("a")])), type: 1)
    let index = block([StoredEntry([0x61], position.bytes)])
    try expect(assembler.finish(index: snappy(index), type: 1), holds: "a")
  }

  @Test func `accepts an index whose keys share bytes`() throws {
    var assembler = TableAssembler()
    let first = assembler.append(block([StoredEntry("ka")]))
    let second = assembler.append(block([StoredEntry("kb")]))
    let index = block([
      StoredEntry([0x6B, 0x61], first.bytes), StoredEntry(shared: 1, [0x62], second.bytes),
    ])
    try expect(assembler.finish(index: index), holds: "ka", "kb")
  }

  @Test func `accepts blocks without entries anywhere`() throws {
    var assembler = TableAssembler()
    assembler.append(block([]), separator: "")
    assembler.append(block([StoredEntry("a")]), separator: "b")
    assembler.append(block([]), separator: "b")
    assembler.append(block([], restarts: []), separator: "b")
    assembler.append(block([StoredEntry("b"), StoredEntry("c")]), separator: "c")
    assembler.append(block([]), separator: "d")
    try expect(assembler.finish(), holds: "a", "b", "c")
  }

  @Test(arguments: [[0, 15], [0, 5, 15], [0, 5, 10, 15]] as [[UInt32]])
  func `accepts a last restart where the entries end`(restarts: [UInt32]) throws {
    let data = block([StoredEntry("b"), StoredEntry("c"), StoredEntry("d")], restarts: restarts)
    try expect(table(data), holds: "b", "c", "d")
  }

  // The writer of Swift for TensorFlow has forgotten the last key when a restart is due.
  @Test func `accepts an only block whose separator says nothing`() throws {
    let data = block([StoredEntry("b"), StoredEntry("c")], restarts: [0, 10])
    try expect(table(data, separator: ""), holds: "b", "c")
    #expect(try readTable(table(data, separator: "")).value(for: []) == nil)
  }

  @Test func `refuses one of several blocks whose separator says nothing`() {
    #expect(
      problem(twoBlocks([], []))
        == "memory.index: byte 5: last key 'b' of the block comes after '', which the index gives as "
        + "its end" + damageAdvice)
  }

  @Test func `accepts gaps, bytes after a handle, and lengths in a long form`() throws {
    var assembler = TableAssembler()
    assembler.append([1, 2, 3, 4, 5, 6, 7])
    let data = bytes("80 00 81 80 00 81 80 80 80 00 61 01") + block([])
    assembler.name(assembler.append(data), separator: [0x61], trailing: [9, 9])
    try expect(assembler.finish(), holds: "a")
  }

  @Test func `ignores the metaindex and the padding`() throws {
    let (entries, file) = try DamagedTableTests.sample()
    let index = try #require(DamagedTableTests.indexOffset(of: file))
    var other = file
    for position in (index - 13)..<index { other[position] = 0xEE }
    for position in (file.count - 20)..<(file.count - 8) { other[position] = 0xEE }
    #expect(try readTable(other).entries() == entries)
  }

  // MARK: What is read

  @Test func `opens with the footer and the index alone`() throws {
    let (_, file) = try DamagedTableTests.sample()
    let counting = CountingFile(MemoryFile(file))
    _ = try TableReader(counting)
    let index = UInt64(try #require(DamagedTableTests.indexOffset(of: file)))
    let footer = UInt64(file.count - 48)
    #expect(
      counting.reads == [
        ByteRange(offset: footer, count: 48), ByteRange(offset: index, count: footer - index),
      ])
  }

  @Test func `looks a key up in one block, read once if there is room for it`() throws {
    let (entries, file) = try DamagedTableTests.sample()
    for (cacheByteCount, reads) in [(0, 3), (1 << 20, 1)] {
      let counting = CountingFile(MemoryFile(file))
      let table = try TableReader(counting, cacheByteCount: cacheByteCount)
      for _ in 0..<3 { _ = try table.value(for: entries[5].key) }
      #expect(counting.reads.count == 2 + reads)
    }
  }

  @Test func `reads each block once for sorted keys, and none that is not needed`() throws {
    let (entries, file) = try DamagedTableTests.sample()
    let counting = CountingFile(MemoryFile(file))
    let table = try TableReader(counting, cacheByteCount: 0)
    #expect(table.blockCount == 3)
    _ = try table.values(ofSorted: entries.map(\.key))
    #expect(counting.reads.count == 2 + 3)
    let last = try #require(entries.last)
    _ = try table.values(ofSorted: [entries[0].key, last.key, last.key + [0]])
    #expect(counting.reads.count == 2 + 3 + 2)
  }

  @Test func `keeps to the budget of the cache`() throws {
    let value = [UInt8](repeating: 1, count: 1000)
    let entries = (10..<30).map { Entry(Array("\($0)".utf8), value) }
    let counting = CountingFile(MemoryFile(try writeTable(entries, blockByteCount: 1)))
    let table = try TableReader(counting, cacheByteCount: 8_000)
    for _ in 0..<2 { #expect(try table.entries() == entries) }
    #expect(counting.reads.count == 2 + 40)  // what comes back has gone meanwhile
    for _ in 0..<5 { _ = try table.value(for: entries[19].key) }
    #expect(counting.reads.count == 2 + 40)
  }

  @Test(.timeLimit(.minutes(20))) func `may be used from several threads`() async throws {
    let entries = (1000..<2000).map { Entry("key\($0)", "value \($0)") }
    let file = try writeTable(entries, blockByteCount: 500)
    let table = try TableReader(MemoryFile(file), cacheByteCount: 10_000)
    try await withThrowingTaskGroup(of: Bool.self) { group in
      for seed in 0..<8 as Range<UInt64> {
        group.addTask {
          var rng = SeededGenerator(seed: seed)
          for _ in 0..<500 {
            let entry = entries[Int.random(in: entries.indices, using: &rng)]
            guard try table.value(for: entry.key) == entry.value else { return false }
          }
          return try table.entries() == entries
        }
      }
      for try await isRight in group { #expect(isRight) }
    }
  }

  @Test func `passes on what the file says`() throws {
    let file = FailingFile(MemoryFile(try writeTable([Entry("a", "1")])))
    let table = try TableReader(file)
    file.fails.withLock { $0 = true }
    let error = #expect(throws: CheckpointError.self) { try table.entries() }
    #expect(error?.description == "memory.index: byte 0: read: Input/output error (io)")
  }
}
