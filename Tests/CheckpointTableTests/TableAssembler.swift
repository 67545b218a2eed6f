import CheckpointIO
import CheckpointTable

/// An entry as it is stored, which need not make sense.
struct StoredEntry {
  var shared: UInt32
  var unshared: UInt32
  var valueLength: UInt32
  var rest: [UInt8]

  /// An entry that says what it has.
  init(shared: Int = 0, _ tail: [UInt8], _ value: [UInt8] = [1]) {
    self.init(
      shared: UInt32(shared), unshared: UInt32(tail.count), valueLength: UInt32(value.count),
      rest: tail + value)
  }

  init(shared: Int = 0, _ tail: String) { self.init(shared: shared, Array(tail.utf8)) }

  init(shared: UInt32, unshared: UInt32, valueLength: UInt32, rest: [UInt8]) {
    self.shared = shared
    self.unshared = unshared
    self.valueLength = valueLength
    self.rest = rest
  }

  var bytes: [UInt8] {
    var output = ByteWriter()
    for number in [shared, unshared, valueLength] { output.write(varint: UInt64(number)) }
    output.write(rest)
    return output.bytes
  }
}

/// The bytes of a block; without restarts to store, those that a writer would store.
func block(_ entries: [StoredEntry], restarts: [UInt32] = [0]) -> [UInt8] {
  var output = ByteWriter()
  for entry in entries { output.write(entry.bytes) }
  for restart in restarts { output.write(restart) }
  output.write(UInt32(restarts.count))
  return output.bytes
}

/// Tables put together by hand, with mistakes that no writer makes.
struct TableAssembler {
  private var output = ByteWriter()
  private var index = ByteWriter()
  private var restarts: [UInt32] = []

  /// Appends a block with its trailer.
  @discardableResult
  mutating func append(_ block: [UInt8], type: UInt8 = 0, checksum: UInt32? = nil) -> BlockPosition
  {
    let position = BlockPosition(offset: UInt64(output.count), byteCount: UInt64(block.count))
    output.write(block)
    output.write(byte: type)
    unsafe output.write(checksum ?? CRC32C(of: (block + [type]).span.bytes).masked)
    return position
  }

  /// Appends a block and names it in the index.
  mutating func append(_ data: [UInt8], separator: String, type: UInt8 = 0) {
    name(append(data, type: type), separator: Array(separator.utf8))
  }

  /// Names a block in the index.
  mutating func name(_ position: BlockPosition, separator: [UInt8], trailing: [UInt8] = []) {
    restarts.append(UInt32(index.count))
    let entry = StoredEntry(separator, position.bytes + trailing)
    index.write(entry.bytes)
  }

  /// The table with an index of what was named.
  consuming func finish() -> [UInt8] {
    let block = index.bytes + CheckpointTableTests.block([], restarts: restarts)
    return finish(index: block)
  }

  /// The table with an index block of its own.
  consuming func finish(index block: [UInt8], type: UInt8 = 0, checksum: UInt32? = nil) -> [UInt8] {
    let metaindex = append(CheckpointTableTests.block([]))
    let index = append(block, type: type, checksum: checksum)
    return finish(footer: metaindex.bytes + index.bytes)
  }

  /// The table with handles of its own in the footer.
  consuming func finish(footer handles: [UInt8]) -> [UInt8] {
    let padding = [UInt8](repeating: 0, count: 40 - handles.count)
    return output.bytes + handles + padding + bytes("57 fb 80 8b 24 75 47 db")
  }
}

/// Where a block is, or is said to be.
struct BlockPosition {
  var offset: UInt64
  var byteCount: UInt64

  var bytes: [UInt8] {
    var output = ByteWriter()
    output.write(varint: offset)
    output.write(varint: byteCount)
    return output.bytes
  }
}

/// A table of one block.
func table(_ data: [UInt8], separator: String = "z", type: UInt8 = 0) -> [UInt8] {
  var assembler = TableAssembler()
  assembler.append(data, separator: separator, type: type)
  return assembler.finish()
}

/// A Snappy stream of literals.
func snappy(_ bytes: [UInt8]) -> [UInt8] {
  var output = ByteWriter()
  output.write(varint: UInt64(bytes.count))
  for start in stride(from: 0, to: bytes.count, by: 60) {
    let part = bytes[start..<min(start + 60, bytes.count)]
    output.write(byte: UInt8((part.count - 1) << 2))
    output.write(Array(part))
  }
  return output.bytes
}
