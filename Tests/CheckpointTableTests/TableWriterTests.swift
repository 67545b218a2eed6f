import CheckpointIO
import CheckpointPlatform
import CheckpointTable
import CheckpointTestSupport
import Testing

@Suite struct TableWriterTests {
  @Test func `writes an empty table of three parts`() throws {
    let empty = bytes("00 00 00 00 01 00 00 00 00 c0 f2 a1 b0")
    let expected =
      empty + empty + bytes("00 08 0d 08") + [UInt8](repeating: 0, count: 36)
      + bytes("57 fb 80 8b 24 75 47 db")
    #expect(try writeTable([]) == expected)
  }

  @Test(arguments: [
    (["b", "a"], "keys must be added in ascending order of their bytes, but 'a' comes after 'b'"),
    (
      ["ab", "a"], "keys must be added in ascending order of their bytes, but 'a' comes after 'ab'"
    ),
    (["a", "a"], "key 'a' is added to the table twice"),
    (["", ""], "key '' is added to the table twice"),
  ]) func `refuses keys out of order`(keys: [String], message: String) {
    for blockByteCount in [1, 1000] {
      let error = #expect(throws: CheckpointError.self) {
        try writeTable(keys.map { Entry($0, "") }, blockByteCount: blockByteCount)
      }
      #expect(error?.description == "\(message) (invalidArgument)")
    }
  }

  @Test func `hands over each block when it is full`() throws {
    var parts: [Int] = []
    var table = TableWriter(blockByteCount: 64) { parts.append($0.count) }
    let value = [UInt8](repeating: 7, count: 40)
    for (key, finished) in [("a", 0), ("b", 1), ("c", 1), ("d", 2)] {
      try table.add(key.utf8Span.span, value.span)
      #expect(parts.count == finished)
    }
    try table.finish()
    // Two blocks of two entries of 44 bytes; metaindex, index with two entries of 6, footer.
    #expect(parts == [101, 101, 13, 29, 48])
  }

  @Test func `ends a block with the entry that fills it`() throws {
    // A block of n bytes of value has n + 4 bytes of entry and 8 of restarts.
    let full = [UInt8](repeating: 0, count: TableFormat.blockByteCount - 14)
    for (count, blocks) in [(full.count, 2), (full.count - 1, 1)] {
      let file = try writeTable([
        Entry([0x61], Array(full.prefix(count))), Entry("b", ""),
      ])
      #expect(try readTable(file).blockCount == blocks)
    }
  }

  @Test func `gives a value of two blocks a block of its own`() throws {
    let large = [UInt8](repeating: 0, count: 2 * TableFormat.blockByteCount - 1)
    for (count, blocks) in [(large.count, 3), (large.count - 1, 2)] {
      let entries = [
        Entry("a", "1"), Entry([0x62], Array(large.prefix(count))), Entry("c", "3"),
      ]
      let table = try readTable(try writeTable(entries))
      #expect(table.blockCount == blocks)
      #expect(try table.entries() == entries)
    }
  }

  @Test func `stores every sixteenth key in full`() throws {
    let entries = (10..<50).map { Entry("key\($0)", "") }
    let file = try writeTable(entries)
    // Twelve bytes of restarts, at entries 0, 16 and 32, and their number before the trailer.
    let size = try #require(Self.firstBlockByteCount(of: file))
    #expect(Array(file[(size - 4)..<size]) == [3, 0, 0, 0])
    #expect(Array(file[0..<8]) == [0, 5, 0] + Array("key10".utf8))
    #expect(Array(file[8..<12]) == [4, 1, 0, 0x31])
  }

  // The handle in the only entry of the index, found through the footer.
  static func firstBlockByteCount(of file: [UInt8]) -> Int? {
    let footer = Array(file.suffix(48))
    var reader = ByteReader(footer.span)
    do throws(CheckpointError) {
      _ = (try reader.readVarint(), try reader.readVarint())
      let index = Array(file.dropFirst(Int(try reader.readVarint())))
      var entry = ByteReader(index.span)
      _ = try entry.readVarint()
      let keyCount = try entry.readVarint()
      _ = (try entry.readVarint(), try entry.readBytes(keyCount), try entry.readVarint())
      return Int(try entry.readVarint())
    } catch {
      return nil
    }
  }

  @Test func `passes the sink's error on`() throws {
    var table = TableWriter { _ throws(CheckpointError) in
      throw CheckpointError(.io, "disk is full", file: "x")
    }
    try table.add("a".utf8Span.span, "b".utf8Span.span)
    var description = ""
    do throws(CheckpointError) { try table.finish() } catch { description = error.description }
    #expect(description == "x: disk is full (io)")
  }

  // The value is never looked at: it is memory that nobody may touch.
  @Test func `takes no entry whose length has more than 32 bits`() throws {
    let byteCount = 1 << 32
    let flags = MAP_PRIVATE | MAP_ANON | MAP_NORESERVE
    let memory = unsafe mmap(nil, byteCount, PROT_NONE, flags, -1, 0)
    defer { unsafe munmap(memory, byteCount) }
    let value = unsafe Span<UInt8>(
      _bytes: RawSpan(_unsafeBytes: UnsafeRawBufferPointer(start: memory, count: byteCount)))
    var table = TableWriter { _ in }
    var refusal: CheckpointError?
    do throws(CheckpointError) { try table.add("a".utf8Span.span, value) } catch { refusal = error }
    #expect(refusal?.code == .limitExceeded)
    #expect(
      refusal?.message == "entry of 4294967297 bytes: a block of a table has less than 4 GiB")
    try table.finish()
  }
}
