import CheckpointIO
import CheckpointTable
import CheckpointTestSupport

/// An entry, as tests compare it.
struct Entry: Hashable {
  var key: [UInt8]
  var value: [UInt8]

  init(_ key: [UInt8], _ value: [UInt8]) {
    self.key = key
    self.value = value
  }

  init(_ key: String, _ value: String) { self.init(Array(key.utf8), Array(value.utf8)) }
}

func array(_ span: Span<UInt8>) -> [UInt8] { span.indices.map { span[$0] } }

extension TableReader {
  /// All entries, in order.
  func entries() throws(CheckpointError) -> [Entry] {
    var entries: [Entry] = []
    try forEach { (key, value) throws(CheckpointError) in
      entries.append(Entry(array(key), array(value)))
    }
    return entries
  }

  /// The value of one key.
  func value(for key: [UInt8]) throws(CheckpointError) -> [UInt8]? {
    try withValue(for: key.span) { value throws(CheckpointError) in array(value) }
  }

  /// The values of sorted keys, in one pass.
  func values(ofSorted keys: [[UInt8]]) throws(CheckpointError) -> [[UInt8]?] {
    var list = KeyList()
    for key in keys { list.append(key.span) }
    var values: [[UInt8]?] = []
    try forEachValue(ofSorted: list) { (position, value) throws(CheckpointError) in
      precondition(position == values.count)
      if let value { values.append(array(value)) } else { values.append(nil) }
    }
    return values
  }
}

func readTable(_ bytes: [UInt8], limits: TableLimits = TableLimits()) throws -> TableReader {
  try TableReader(MemoryFile(bytes), limits: limits)
}

/// The table that a writer makes of some entries.
func writeTable(
  _ entries: [Entry], blockByteCount: Int = TableFormat.blockByteCount,
  restartInterval: Int = TableFormat.dataRestartInterval
) throws(CheckpointError) -> [UInt8] {
  try TableWriter.bytes(blockByteCount: blockByteCount, restartInterval: restartInterval) {
    writer throws(CheckpointError) in
    for entry in entries { try writer.add(entry.key.span, entry.value.span) }
  }
}

/// The bytes of a listing of hexadecimal digits.
func bytes(_ hex: String) -> [UInt8] {
  let digits = hex.filter { $0.isHexDigit }.compactMap(\.hexDigitValue)
  return stride(from: 0, to: digits.count - 1, by: 2).map {
    UInt8(digits[$0] << 4 | digits[$0 + 1])
  }
}
