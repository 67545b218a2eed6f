import CheckpointIO
import CheckpointTable

/// Gives a damaged table the checksums that its blocks ought to have: what is wrong with it comes through
/// to those who look at what is in the blocks.
enum RepairedTable {
  /// The bytes with the right checksums; `nil` if they were right, or where no block can be found.
  static func bytes(_ table: [UInt8]) -> [UInt8]? {
    var table = table
    let before = table
    guard repair(&table) != nil, table != before else { return nil }
    return table
  }

  private static func repair(_ table: inout [UInt8]) -> Void? {
    guard table.count >= TableFormat.footerByteCount else { return nil }
    let footer = Array(table.suffix(TableFormat.footerByteCount))
    var reader = ByteReader(footer.span)
    guard let metaindex = handle(&reader), let index = handle(&reader) else { return nil }
    repair(metaindex, &table)
    repair(index, &table)
    for block in blocks(of: index, table) { repair(block, &table) }
    return ()
  }

  private static func handle(_ reader: inout ByteReader) -> Range<Int>? {
    guard let offset = try? reader.readVarint(), let count = try? reader.readVarint(),
      let start = Int(exactly: offset), let count = Int(exactly: count)
    else { return nil }
    let (end, overflows) = start.addingReportingOverflow(count)
    return overflows ? nil : start..<end
  }

  // The handles in an index block, as far as it can be read. Its keys are stored in full.
  private static func blocks(of index: Range<Int>, _ table: [UInt8]) -> [Range<Int>] {
    guard index.upperBound < table.count else { return [] }
    var content = Array(table[index])
    if table[index.upperBound] == TableFormat.snappy {
      content = (try? Snappy.decode(content.span, limit: 1 << 16)) ?? []
    }
    var blocks: [Range<Int>] = []
    var reader = ByteReader(content.span)
    while let shared = try? reader.readVarint32(), let tail = try? reader.readVarint32(),
      let valueCount = try? reader.readVarint32(), shared < 1 << 16,
      (try? reader.readBytes(UInt64(tail))) != nil,
      let value = try? reader.readBytes(UInt64(valueCount))
    {
      var fields = ByteReader(value)
      if let block = handle(&fields) { blocks.append(block) }
    }
    return blocks
  }

  private static func repair(_ block: Range<Int>, _ table: inout [UInt8]) {
    let end = block.upperBound.addingReportingOverflow(TableFormat.trailerByteCount)
    guard !end.overflow, end.partialValue <= table.count else { return }
    let covered = Array(table[block.lowerBound...block.upperBound])
    var trailer = ByteWriter()
    trailer.write(unsafe CRC32C(of: covered.span.bytes).masked)
    table.replaceSubrange(block.upperBound + 1..<end.partialValue, with: trailer.bytes)
  }
}
