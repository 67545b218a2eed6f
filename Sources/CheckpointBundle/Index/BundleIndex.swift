import CheckpointIO
import CheckpointTable
import CheckpointTensors

/// The content of an index that is being made: the header under the empty key, then the entries.
///
/// Entries are kept as the file will have them, one behind the other: however many there are, they
/// take little memory and few allocations.
struct BundleIndex {
  /// Where an entry is: its key, and then its message.
  private struct Place {
    let start: Int
    let messageStart: Int
    let end: Int
  }

  let header: BundleHeader
  private var entries = ByteWriter()
  private var places: [Place] = []
  private var isAscending = true

  /// Begins without entries.
  init(header: BundleHeader) { self.header = header }

  /// Asks for memory at once for so many entries, or more.
  mutating func reserveCapacity(_ count: Int) {
    entries.bytes.reserveCapacity(64 * count)  // keys and messages of usual lengths
    places.reserveCapacity(count)
  }

  /// Whether there are no entries.
  var isEmpty: Bool { places.isEmpty }

  /// Adds an entry; they may come in any order.
  mutating func add(_ key: TensorKey, _ entry: BundleEntry) {
    let start = entries.count
    entries.write(key.bytes.span)
    let messageStart = entries.count
    entry.write(to: &entries)
    places.append(Place(start: start, messageStart: messageStart, end: entries.count))
    // Most often each comes after the one before.
    if isAscending, places.count > 1 { isAscending = isOrdered(places.count - 1) }
  }

  /// Puts the entries into the order of their keys.
  ///
  /// - Returns: A key that was added twice, if there is one: such an index cannot be written.
  mutating func sort() -> TensorKey? {
    guard !isAscending else { return nil }
    let bytes = entries.bytes
    places.sort { left, right in
      let other = bytes.span.extracting(right.start..<right.messageStart)
      return bytes.span.extracting(left.start..<left.messageStart).precedes(other)
    }
    let repeated = places.indices.dropFirst().first { !isOrdered($0) }
    isAscending = repeated == nil
    return repeated.map { TensorKey(copying: key($0)) }
  }

  /// Writes the table; the entries are in order.
  func write(to file: any WritableFile) throws(CheckpointError) {
    var offset: UInt64 = 0
    var buffer = ByteWriter()
    func flush() throws(CheckpointError) {
      unsafe try file.write(buffer.bytes.span.bytes, at: offset)
      offset += UInt64(buffer.count)
      buffer.bytes.removeAll(keepingCapacity: true)
    }
    var table = TableWriter { bytes throws(CheckpointError) in
      buffer.write(bytes)
      if buffer.count >= Self.writtenByteCount { try flush() }
    }
    let noKey: [UInt8] = []
    try table.add(noKey.span, header.message.span)
    let bytes = entries.bytes.span
    for place in places {
      try table.add(
        bytes.extracting(place.start..<place.messageStart),
        bytes.extracting(place.messageStart..<place.end))
    }
    try table.finish()
    try flush()
  }

  @_lifetime(borrow self)
  private func key(_ index: Int) -> Span<UInt8> {
    entries.bytes.span.extracting(places[index].start..<places[index].messageStart)
  }

  private func isOrdered(_ index: Int) -> Bool { key(index - 1).precedes(key(index)) }

  private static let writtenByteCount = 256 << 10
}
