/// The numbers of objects, by identity.
///
/// A table with open addressing, at most half full. A walk asks it once for every edge; `Dictionary`
/// takes three times as long, since it hashes so that nobody can choose keys that collide. Here nobody
/// chooses: the keys are addresses.
struct ObjectNumbers {
  // A slot has 32 bits of the hash, and 1 + the place of the entry; 0 if it is free. Small slots, since
  // the table is looked at all over, and should stay in the cache.
  private var slots: [UInt64]
  private var entries: [(object: UInt, number: Int)] = []
  private var shift: UInt64

  /// Creates a table.
  ///
  /// - Parameter count: How many objects there will be, as far as somebody knows.
  init(count: Int = 0) {
    let bits = max(6, Int.bitWidth - (2 * count).leadingZeroBitCount)
    slots = Array(repeating: 0, count: 1 << bits)
    shift = UInt64(64 - bits)
    entries.reserveCapacity(count)
  }

  /// The number of an object, if it has one.
  subscript(object: ObjectIdentifier) -> Int? {
    let slot = slots[place(of: UInt(bitPattern: object))]
    return slot == 0 ? nil : entries[Self.entry(slot)].number
  }

  /// Gives an object a number.
  ///
  /// - Returns: The number that it has already; `nil` if it has got this one.
  mutating func insert(_ object: ObjectIdentifier, _ number: Int) -> Int? {
    let key = UInt(bitPattern: object)
    let place = place(of: key)
    guard slots[place] == 0 else { return entries[Self.entry(slots[place])].number }
    entries.append((key, number))
    slots[place] = Self.hash(key) << 32 | UInt64(entries.count)
    if entries.count * 2 > slots.count { grow() }
    return nil
  }

  // Where an object is, or would be.
  private func place(of key: UInt) -> Int {
    let hash = Self.hash(key)
    var place = Int(truncatingIfNeeded: hash >> shift)
    while slots[place] != 0, !isSlot(slots[place], of: key, hash) {
      place = (place &+ 1) & (slots.count - 1)
    }
    return place
  }

  private func isSlot(_ slot: UInt64, of key: UInt, _ hash: UInt64) -> Bool {
    slot >> 32 == hash & 0xFFFF_FFFF && entries[Self.entry(slot)].object == key
  }

  private static func entry(_ slot: UInt64) -> Int { Int(slot & 0xFFFF_FFFF) - 1 }

  // The upper bits choose the slot, the lower ones are in it.
  private static func hash(_ key: UInt) -> UInt64 { UInt64(key >> 4) &* 0x9E37_79B9_7F4A_7C15 }

  private mutating func grow() {
    slots = Array(repeating: 0, count: slots.count * 2)
    shift -= 1
    for (index, entry) in entries.enumerated() {
      slots[place(of: entry.object)] = Self.hash(entry.object) << 32 | UInt64(index + 1)
    }
  }
}
