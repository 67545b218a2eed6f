import CheckpointIO
import CheckpointTable

extension FuzzTarget {
  /// The sorted table: all entries, each looked up, and written again.
  package static let table = FuzzTarget("table", mostBytes: 6 << 10, seeds: FuzzSeeds.tables) {
    bytes in
    if let repaired = RepairedTable.bytes(bytes) {
      do { try readTable(repaired) } catch is CheckpointError {}
    }
    try readTable(bytes)
  }

  private static func readTable(_ bytes: [UInt8]) throws {
    let table = try TableReader(BytesFile(bytes, path: "fuzz.index"))
    var (readable, damage) = (0, 0)
    table.forEachReadable { _, _ in
      readable += 1
    } damage: { _ in
      damage += 1
    }
    let entries = try TableEntry.all(of: table)
    try promise(damage == 0 && readable == entries.count, "\(damage) damaged blocks are not seen")
    let spelled = entries.reduce(0) { $0 + $1.key.count + $1.value.count }
    try promise(spelled <= bytes.count << 10, "\(spelled) bytes from a table of \(bytes.count)")
    try lookUp(entries, in: table)
    let copy = try promised("a table is written") { try TableEntry.table(entries) }
    let reread = try promised("a written table is read") {
      try TableEntry.all(of: TableReader(BytesFile(copy, path: "copy.index")))
    }
    try promise(reread == entries, "a table of \(entries.count) entries is read as another one")
    try? table.checkMetaindex()
  }

  private static func lookUp(_ entries: [TableEntry], in table: TableReader) throws {
    var keys = KeyList()
    for entry in entries.prefix(64) {
      keys.append(entry.key.span)
      let value = try promised("a key is found") {
        try table.withValue(for: entry.key.span) { Array(copying: $0) }
      }
      try promise(value == entry.value, "a key is looked up, and has another value")
    }
    try promised("sorted keys are found") {
      try table.forEachValue(ofSorted: keys) { position, value throws(CheckpointError) in
        guard let value, Array(copying: value) == entries[position].value else {
          throw CheckpointError(.notFound, "key \(position) has another value")
        }
      }
    }
  }
}

/// A key and a value.
struct TableEntry: Equatable {
  var key: [UInt8]
  var value: [UInt8]

  /// All entries of a table.
  static func all(of table: TableReader) throws(CheckpointError) -> [TableEntry] {
    var entries: [TableEntry] = []
    try table.forEach { key, value throws(CheckpointError) in
      entries.append(TableEntry(key: Array(copying: key), value: Array(copying: value)))
    }
    return entries
  }

  /// The table of sorted entries.
  static func table(_ entries: [TableEntry]) throws(CheckpointError) -> [UInt8] {
    try TableWriter.bytes(blockByteCount: 256) { table throws(CheckpointError) in
      for entry in entries { try table.add(entry.key.span, entry.value.span) }
    }
  }
}
