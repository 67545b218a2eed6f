import CheckpointTensors

/// Compares a wanted family with a stored one.
struct FamilyComparison {
  private let wanted: NamedVariables
  private let stored: NamedVariables
  private let words: [String]
  private let weights: [Float]

  init(_ wanted: NamedVariables, _ stored: NamedVariables, _ dictionary: WordDictionary) {
    self.wanted = wanted
    self.stored = stored
    words = dictionary.words
    weights = dictionary.weights()
  }

  /// What there is to say for two families.
  struct Result {
    /// How alike the names are, up to 1.
    let likeness: Float
    /// How well the rest fits, up to 1.
    let fit: Float
    /// Whether the first tensors are each other's transposed.
    let isTransposed: Bool
  }

  /// Compares two families; `nil` if they are no counterparts.
  func compare(_ family: NameFamily, _ other: NameFamily) -> Result? {
    guard family.slot == other.slot else { return nil }
    let roles = family.role.intersection(other.role)
    guard !roles.isEmpty || family.role.isEmpty || other.role.isEmpty else { return nil }
    guard let alignment = FamilyAlignment(family, other) else { return nil }
    let relations = relations(family, other, alignment, roles)
    let fit =
      alignment.weight * relations.reduce(0) { $0 + ($1?.weight ?? 0) } / Float(relations.count)
    guard fit > 0 else { return nil }
    let rolesAgree = !roles.isEmpty || (family.role.isEmpty && other.role.isEmpty)
    var isTransposed = false
    if case .transposed? = relations[0] { isTransposed = true }
    return Result(
      likeness: 0.9 * likeness(family.words, other.words) + 0.1
        * order(family.sequence, other.sequence), fit: fit * (rolesAgree ? 1 : 0.9),
      isTransposed: isTransposed)
  }

  // A few of the members speak for all; an alignment has one at least.
  private func relations(
    _ family: NameFamily, _ other: NameFamily, _ alignment: FamilyAlignment,
    _ roles: NameVocabulary.Role
  ) -> [SpecRelation?] {
    let count = alignment.pairs.count
    return stride(from: 0, to: count, by: max(1, count / 8)).map { index in
      let (member, counterpart) = alignment.pairs[index]
      return SpecRelation(
        stored.specs[other.members[counterpart].index],
        to: wanted.specs[family.members[member].index], roles: roles)
    }
  }

  // MARK: Words

  // The weight of what they share: of all that they have, and of what the shorter one has.
  private func likeness(_ left: [Int], _ right: [Int]) -> Float {
    var (common, onlyLeft, onlyRight) = (Float(0), [Int](), [Int]())
    var (i, j) = (0, 0)
    while i < left.count || j < right.count {
      if j == right.count || (i < left.count && left[i] < right[j]) {
        onlyLeft.append(left[i])
        i += 1
      } else if i == left.count || right[j] < left[i] {
        onlyRight.append(right[j])
        j += 1
      } else {
        common += weights[left[i]]
        (i, j) = (i + 1, j + 1)
      }
    }
    let leftWeight = common + onlyLeft.reduce(0) { $0 + weights[$1] }
    let rightWeight = common + onlyRight.reduce(0) { $0 + weights[$1] }
    guard leftWeight > 0, rightWeight > 0 else { return leftWeight == rightWeight ? 0.6 : 0.2 }
    common += abbreviated(onlyLeft, onlyRight)
    let ofAll = 2 * common / (leftWeight + rightWeight)
    return 0.5 * ofAll + 0.5 * min(1, common / min(leftWeight, rightWeight))
  }

  // How much of the longer name the two have in common at their beginning and at their end.
  private func order(_ left: [Int], _ right: [Int]) -> Float {
    let length = max(left.count, right.count)
    guard length > 0 else { return 1 }
    let head = zip(left, right).prefix { $0 == $1 }.count
    let tail = zip(left.reversed(), right.reversed()).prefix { $0 == $1 }.count
    return Float(min(head + tail, min(left.count, right.count))) / Float(length)
  }

  // `embed` and `embedding`, `pos` and `position`: half of what they are worth.
  private func abbreviated(_ left: [Int], _ right: [Int]) -> Float {
    guard left.count <= 8, right.count <= 8 else { return 0 }
    var sum: Float = 0
    for word in left {
      let best = right.first {
        words[$0].hasPrefix(words[word]) || words[word].hasPrefix(words[$0])
      }
      if let best { sum += 0.5 * min(weights[word], weights[best]) }
    }
    return sum
  }
}
