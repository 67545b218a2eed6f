import CheckpointIO
import CheckpointTensors

/// Keys and entries as an index has them, one behind the other: however many there are, they take little
/// memory and few allocations.
struct EntryList: Sendable {
  /// Where an entry is: its key, and then its message.
  private struct Place {
    let start: Int
    let keyCount: UInt32
    let messageCount: UInt32
  }

  private var bytes = ByteWriter()
  private var places: [Place] = []

  /// How many there are.
  var count: Int { places.count }
  /// Whether some are of tensors that are stored in parts.
  private(set) var hasParts = false

  /// The same list, in no more memory than it needs.
  var compact: EntryList {
    var copy = EntryList()
    copy.bytes.bytes.reserveCapacity(bytes.count)
    copy.bytes.write(bytes.bytes.span)
    copy.places.reserveCapacity(places.count)
    copy.places.append(contentsOf: places)
    copy.hasParts = hasParts
    return copy
  }

  /// Asks for memory at once for so many entries, or more.
  mutating func reserveCapacity(_ count: Int) {
    bytes.bytes.reserveCapacity(64 * count)  // keys and messages of usual lengths
    places.reserveCapacity(count)
  }

  /// Adds an entry.
  mutating func append(_ key: Span<UInt8>, _ entry: BundleEntry) {
    let start = bytes.count
    bytes.write(key)
    entry.write(to: &bytes)
    if !entry.slices.isEmpty { hasParts = true }
    // Both fit: key and message lie in one block of a table, which has less than 4 GB.
    let messageCount = bytes.count - start - key.count
    places.append(
      Place(start: start, keyCount: UInt32(key.count), messageCount: UInt32(messageCount)))
  }

  /// The key of an entry.
  @inline(__always)
  @_lifetime(borrow self)
  func key(_ index: Int) -> Span<UInt8> {
    let start = places[index].start
    return bytes.bytes.span.extracting(start..<start + Int(places[index].keyCount))
  }

  /// The message of an entry.
  @_lifetime(borrow self)
  func message(_ index: Int) -> Span<UInt8> {
    let start = places[index].start + Int(places[index].keyCount)
    return bytes.bytes.span.extracting(start..<start + Int(places[index].messageCount))
  }

  /// Whether an entry comes before another one.
  func isOrdered(_ one: Int, _ other: Int) -> Bool { key(one).precedes(key(other)) }

  /// How many of the entries, which are in the order of their keys, come before a key.
  func count(before other: Span<UInt8>) -> Int {
    var (low, high) = (0, count)
    while low < high {
      let middle = low + (high - low) / 2
      if key(middle).precedes(other) { low = middle + 1 } else { high = middle }
    }
    return low
  }

  /// Puts the entries into the order of their keys.
  mutating func sort() {
    var order = Array(places.indices)
    order.sort { isOrdered($0, $1) }
    places = order.map { places[$0] }
  }
}
