import CheckpointIO
import CheckpointTable
import CheckpointTensors

/// The content of an index that is being made: the header under the empty key, then the entries.
struct BundleIndex {
  let header: BundleHeader
  private var entries = EntryList()
  private var isAscending = true

  /// Begins without entries.
  init(header: BundleHeader) { self.header = header }

  /// Asks for memory at once for so many entries, or more.
  mutating func reserveCapacity(_ count: Int) {
    entries.reserveCapacity(count)
  }

  /// Whether there are no entries.
  var isEmpty: Bool { entries.count == 0 }

  /// Adds an entry; they may come in any order.
  mutating func add(_ key: TensorKey, _ entry: BundleEntry) {
    entries.append(key.bytes.span, entry)
    // Most often each comes after the one before.
    if isAscending, entries.count > 1 {
      isAscending = entries.isOrdered(entries.count - 2, entries.count - 1)
    }
  }

  /// Puts the entries into the order of their keys.
  ///
  /// - Returns: A key that was added twice, if there is one: such an index cannot be written.
  mutating func sort() -> TensorKey? {
    guard !isAscending else { return nil }
    entries.sort()
    let repeated = (0..<entries.count).dropFirst().first { !entries.isOrdered($0 - 1, $0) }
    isAscending = repeated == nil
    return repeated.map { TensorKey(copying: entries.key($0)) }
  }

  /// Writes the table; the entries are in order.
  func write(to file: any WritableFile) throws(CheckpointError) {
    try Self.write(header, to: file) { add throws(CheckpointError) in
      try forEachEntry(add)
    }
  }

  /// The table in memory; the entries are in order.
  func bytes() throws(CheckpointError) -> [UInt8] {
    var buffer = ByteWriter()
    try Self.write(header, { bytes in buffer.write(bytes) }) { add throws(CheckpointError) in
      try forEachEntry(add)
    }
    return buffer.bytes
  }

  private func forEachEntry(
    _ body: (Span<UInt8>, Span<UInt8>) throws(CheckpointError) -> Void
  ) throws(CheckpointError) {
    for index in 0..<entries.count { try body(entries.key(index), entries.message(index)) }
  }

  /// Writes a table of entries that are given out one after the other, in ascending order of their keys.
  ///
  /// - Parameters:
  ///   - header: What stands under the empty key.
  ///   - file: Where to.
  ///   - body: Calls its argument with the key and the message of each entry.
  /// - Throws: What writing the file and `body` throw.
  static func write(
    _ header: BundleHeader, to file: any WritableFile,
    entries body: ((Span<UInt8>, Span<UInt8>) throws(CheckpointError) -> Void)
      throws(CheckpointError) -> Void
  ) throws(CheckpointError) {
    var offset: UInt64 = 0
    var buffer = ByteWriter()
    func flush() throws(CheckpointError) {
      unsafe try file.write(buffer.bytes.span.bytes, at: offset)
      offset += UInt64(buffer.count)
      buffer.bytes.removeAll(keepingCapacity: true)
    }
    try write(
      header,
      { bytes throws(CheckpointError) in
        buffer.write(bytes)
        if buffer.count >= Self.writtenByteCount { try flush() }
      }, entries: body)
    try flush()
  }

  private static func write(
    _ header: BundleHeader, _ output: @escaping TableWriter.Sink,
    entries body: ((Span<UInt8>, Span<UInt8>) throws(CheckpointError) -> Void)
      throws(CheckpointError) -> Void
  ) throws(CheckpointError) {
    var table = TableWriter(output)
    let noKey: [UInt8] = []
    try table.add(noKey.span, header.message.span)
    try body { key, message throws(CheckpointError) in try table.add(key, message) }
    try table.finish()
  }

  private static let writtenByteCount = 256 << 10
}
