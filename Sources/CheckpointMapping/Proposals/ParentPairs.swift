/// Which layers of the two sides are counterparts.
struct ParentPairs {
  private var storedOf: [[UInt8]: [UInt8]] = [:]
  private var wantedOf: [[UInt8]: [UInt8]] = [:]

  /// How two layers stand to each other.
  enum Relation { case counterparts, others, unknown }

  /// Makes two layers counterparts, unless one of them is already another's.
  mutating func add(_ wanted: [UInt8], _ stored: [UInt8]) {
    guard storedOf[wanted] == nil, wantedOf[stored] == nil else { return }
    storedOf[wanted] = stored
    wantedOf[stored] = wanted
  }

  /// Whether two layers are counterparts, or belong to others.
  func relation(_ wanted: [UInt8], _ stored: [UInt8]) -> Relation {
    switch (storedOf[wanted], wantedOf[stored]) {
    case (nil, nil): .unknown
    case (stored?, _): .counterparts
    default: .others
    }
  }
}
