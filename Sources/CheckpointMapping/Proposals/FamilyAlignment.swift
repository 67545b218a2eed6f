import CheckpointTensors

/// Which member of one family is the counterpart of which member of another.
struct FamilyAlignment {
  /// The members: places in the lists of the two families.
  let pairs: [(wanted: Int, stored: Int)]
  /// How good it is, up to 1: whether the numbers agree, and how many have a counterpart.
  let weight: Float

  /// Lays one family beside another, by their numbers, or else one after the other.
  ///
  /// - Returns: `nil` if they have nothing to do with each other. Takes time in the size of the smaller, times the logarithm of the larger.
  init?(_ wanted: NameFamily, _ stored: NameFamily) {
    let smaller = min(wanted.members.count, stored.members.count)
    let byNumbers = Self.byNumbers(wanted.members, stored.members)
    let shares = 0.9 + 0.1 * Float(smaller) / Float(max(wanted.members.count, stored.members.count))
    if byNumbers.count * 2 > wanted.members.count || (byNumbers.count == smaller && smaller > 0) {
      pairs = byNumbers
      weight = shares * Float(byNumbers.count) / Float(wanted.members.count)
    } else if wanted.members.count == stored.members.count {
      pairs = wanted.members.indices.map { ($0, $0) }
      let isPlain = wanted.members[0].numbers.count != stored.members[0].numbers.count
      weight = isPlain && pairs.count == 1 ? 0.9 : 0.75
    } else {
      return nil
    }
  }

  // Both lists are in the order of their numbers: those of the shorter are looked up in the longer.
  private static func byNumbers(_ wanted: [NameFamily.Member], _ stored: [NameFamily.Member]) -> [(
    wanted: Int, stored: Int
  )] {
    if wanted.count <= stored.count {
      return wanted.indices.compactMap { index in
        place(of: wanted[index].numbers, in: stored).map { (index, $0) }
      }
    }
    return stored.indices.compactMap { index in
      place(of: stored[index].numbers, in: wanted).map { ($0, index) }
    }
  }

  private static func place(of numbers: [Int], in members: [NameFamily.Member]) -> Int? {
    var (low, high) = (0, members.count)
    while low < high {
      let middle = (low + high) / 2
      if members[middle].numbers.lexicographicallyPrecedes(numbers) {
        low = middle + 1
      } else {
        high = middle
      }
    }
    return low < members.count && members[low].numbers == numbers ? low : nil
  }
}
