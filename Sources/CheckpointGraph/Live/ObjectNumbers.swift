/// The numbers of objects, by identity.
///
/// A table with open addressing, at most half full. A walk asks it once for every edge; `Dictionary`
/// takes three times as long, since it hashes so that nobody can choose keys that collide. Here nobody
/// chooses: the keys are addresses.
struct ObjectNumbers {
  private var slots: [(object: UInt, number: Int)] = Array(repeating: (0, 0), count: 64)
  private var count = 0
  private var shift = 64 - 6

  /// The number of an object, if it has one.
  subscript(object: ObjectIdentifier) -> Int? {
    let place = place(of: UInt(bitPattern: object))
    return slots[place].object == 0 ? nil : slots[place].number
  }

  /// Gives an object a number.
  ///
  /// - Returns: The number that it has already; `nil` if it has got this one.
  mutating func insert(_ object: ObjectIdentifier, _ number: Int) -> Int? {
    let key = UInt(bitPattern: object)
    let place = place(of: key)
    guard slots[place].object == 0 else { return slots[place].number }
    slots[place] = (key, number)
    count += 1
    if count * 2 > slots.count { grow() }
    return nil
  }

  // Where an object is, or would be. No object is at address 0, so that this marks a free place.
  private func place(of key: UInt) -> Int {
    var place = Int(truncatingIfNeeded: (key &* 0x9E37_79B9_7F4A_7C15) >> shift)
    while slots[place].object != key, slots[place].object != 0 {
      place = (place &+ 1) & (slots.count - 1)
    }
    return place
  }

  private mutating func grow() {
    let old = slots
    slots = Array(repeating: (0, 0), count: old.count * 2)
    shift -= 1
    for slot in old where slot.object != 0 { slots[place(of: slot.object)] = slot }
  }
}
