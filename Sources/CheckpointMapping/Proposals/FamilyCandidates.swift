import CheckpointTensors

/// Which stored families a wanted one is worth comparing with.
struct FamilyCandidates {
  private var byDimensions: [[Int]: [Int]] = [:]
  private var byWord: [DimensionsAndWord: [Int]] = [:]

  private struct DimensionsAndWord: Hashable {
    let dimensions: [Int]
    let word: Int
  }

  init(_ stored: [NameFamily], _ variables: NamedVariables) {
    for (index, family) in stored.enumerated() {
      for dimensions in Set(family.members.map { Self.dimensions(variables.specs[$0.index]) }) {
        byDimensions[dimensions, default: []].append(index)
        for word in Self.marks(family) {
          byWord[DimensionsAndWord(dimensions: dimensions, word: word), default: []].append(index)
        }
      }
    }
  }

  /// The stored families, at most 32, that have a tensor of the dimensions of this one's first.
  func candidates(for family: NameFamily, _ variables: NamedVariables) -> [Int] {
    let dimensions = Self.dimensions(variables.specs[family.members[0].index])
    let all = byDimensions[dimensions] ?? []
    guard all.count > Self.most else { return all }
    let lists = Self.marks(family).compactMap {
      byWord[DimensionsAndWord(dimensions: dimensions, word: $0)]
    }
    var found: [Int] = []
    var known: Set<Int> = []
    for list in lists.sorted(by: { $0.count < $1.count }) {
      for index in list.prefix(Self.most) where known.insert(index).inserted {
        found.append(index)
        if found.count == Self.most { return found }
      }
    }
    return found
  }

  // The words; and, as negative numbers, the last two and the last three, and the last one and two
  // with the first member's numbers: of many layers alike they are the layer.
  private static func marks(_ family: NameFamily) -> [Int] {
    let (sequence, numbers) = (family.sequence, family.members[0].numbers)
    var marks = family.words
    for count in [2, 3] where count <= sequence.count {
      marks.append(mark(sequence.suffix(count), []))
    }
    if !numbers.isEmpty {
      for count in [1, 2] where count <= sequence.count {
        marks.append(mark(sequence.suffix(count), numbers))
      }
    }
    return marks
  }

  private static func mark(_ words: ArraySlice<Int>, _ numbers: [Int]) -> Int {
    var mark = words.count
    for number in words + numbers { mark = mark &* 1_000_003 &+ number }
    return -1 - (mark & .max)
  }

  // In any order: kernels may be transposed.
  private static func dimensions(_ spec: TensorSpec) -> [Int] {
    SpecRelation.withoutOnes(spec.shape).sorted()
  }

  private static let most = 32
}
