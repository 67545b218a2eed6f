import CheckpointTensors

/// Finds for families of wanted variables the families of stored ones that are their counterparts.
///
/// Each wanted family is compared with at most 32 stored ones that have a tensor of the same
/// dimensions, those that share its rarest words before others. Then, in rounds, those become
/// counterparts that are each other's best by a margin, and by which others are better known:
/// variables of layers that are counterparts are likely to be, too. So the time is linear in the
/// number of names, but for sorting.
struct FamilyMatcher {
  /// Two families that may be counterparts.
  struct Edge {
    let wanted: Int
    let stored: Int
    /// How alike the words of the names are, up to 1.
    let likeness: Float
    /// What dtypes, shapes, numbers and roles are worth, up to 1.
    let fit: Float
    /// Whether the tensors are each other's transposed.
    let isTransposed: Bool
  }

  /// A pair of counterparts, and how sure it is, up to 1.
  struct Match {
    let wanted: Int
    let stored: Int
    let confidence: Float
  }

  private(set) var edges: [Edge] = []
  private let wanted: [NameFamily]
  private let stored: [NameFamily]
  private var storedOf: [Int?]
  private var wantedOf: [Int?]
  private var parents: ParentPairs

  /// Compares families.
  init(
    _ wanted: [NameFamily], _ stored: [NameFamily],
    _ sides: (wanted: NamedVariables, stored: NamedVariables), _ dictionary: WordDictionary,
    parents: ParentPairs
  ) {
    self.wanted = wanted
    self.stored = stored
    self.parents = parents
    storedOf = Array(repeating: nil, count: wanted.count)
    wantedOf = Array(repeating: nil, count: stored.count)
    let comparison = FamilyComparison(sides.wanted, sides.stored, dictionary)
    let candidates = FamilyCandidates(stored, sides.stored)
    for (index, family) in wanted.enumerated() {
      for other in candidates.candidates(for: family, sides.wanted) {
        guard let result = comparison.compare(family, stored[other]) else { continue }
        edges.append(
          Edge(
            wanted: index, stored: other, likeness: result.likeness, fit: result.fit,
            isTransposed: result.isTransposed))
      }
    }
  }

  /// Finds counterparts.
  mutating func match() -> [Match] {
    var matches: [Match] = []
    for _ in 0..<Self.mostRounds {
      var found = acceptBest()
      if found.isEmpty { found = acceptOnly() }
      guard !found.isEmpty else { break }
      matches += found
    }
    return matches
  }

  /// The stored families that a wanted one without a counterpart could have, best first.
  func openCandidates() -> [Int: [Int]] {
    var open: [Int: [(stored: Int, score: Float)]] = [:]
    for edge in edges where isFree(edge) {
      open[edge.wanted, default: []].append((edge.stored, score(edge)))
    }
    return open.mapValues { list in
      list.sorted { ($1.score, $0.stored) < ($0.score, $1.stored) }.prefix(4).map(\.stored)
    }
  }

  // MARK: Rounds

  /// The best edge of a family, and how much worse the next is.
  private struct Best {
    var edge: Int?
    var score: Float = 0
    private var isTransposed = false
    private var next: Float = 0
    private var nextOther: Float = 0  // of those that are transposed if the best is not, and so on

    mutating func add(_ edge: Int, _ score: Float, isTransposed: Bool) {
      guard score > self.score else {
        if isTransposed == self.isTransposed {
          next = max(next, score)
        } else {
          nextOther = max(nextOther, score)
        }
        return
      }
      if isTransposed != self.isTransposed { swap(&next, &nextOther) }
      if self.isTransposed == isTransposed { next = self.score } else { nextOther = self.score }
      (self.edge, self.score, self.isTransposed) = (edge, score, isTransposed)
    }

    // Clearly better than the next candidate, and than the best one in the other order of dimensions: where both
    // orders fit, shapes do not tell whether kernels are transposed.
    var isClear: Bool {
      score - next >= FamilyMatcher.margin && score - nextOther >= FamilyMatcher.orderMargin
    }
  }

  private mutating func acceptBest() -> [Match] {
    var bestOfWanted = Array(repeating: Best(), count: wanted.count)
    var bestOfStored = Array(repeating: Best(), count: stored.count)
    for (index, edge) in edges.enumerated() where isFree(edge) {
      let score = score(edge)
      bestOfWanted[edge.wanted].add(index, score, isTransposed: edge.isTransposed)
      bestOfStored[edge.stored].add(index, score, isTransposed: edge.isTransposed)
    }
    var found: [Match] = []
    for best in bestOfWanted {
      guard let index = best.edge, best.isClear, best.score >= Self.enough else { continue }
      let other = bestOfStored[edges[index].stored]
      guard other.edge == index, other.isClear else { continue }
      found.append(accept(edges[index], best.score))
    }
    return found
  }

  // Where one candidate only fits so well, shapes speak that are unlikely to agree by chance.
  private mutating func acceptOnly() -> [Match] {
    var fitOfWanted = Array(repeating: Float(0), count: wanted.count)
    var fitOfStored = Array(repeating: Float(0), count: stored.count)
    for edge in edges where isFree(edge) {
      fitOfWanted[edge.wanted] = max(fitOfWanted[edge.wanted], edge.fit)
      fitOfStored[edge.stored] = max(fitOfStored[edge.stored], edge.fit)
    }
    var ofWanted = Array(repeating: 0, count: wanted.count)
    var ofStored = Array(repeating: 0, count: stored.count)
    for edge in edges where isFree(edge) {
      if edge.fit > fitOfWanted[edge.wanted] - Self.fitMargin { ofWanted[edge.wanted] += 1 }
      if edge.fit > fitOfStored[edge.stored] - Self.fitMargin { ofStored[edge.stored] += 1 }
    }
    var found: [Match] = []
    for edge in edges where isFree(edge) {
      guard ofWanted[edge.wanted] == 1, ofStored[edge.stored] == 1,
        edge.fit == fitOfWanted[edge.wanted], edge.fit == fitOfStored[edge.stored],
        speaksForItself(edge)
      else { continue }
      found.append(accept(edge, edge.fit * (0.5 + 0.3 * edge.likeness)))
    }
    return found
  }

  private func speaksForItself(_ edge: Edge) -> Bool {
    let roles = wanted[edge.wanted].role.intersection(stored[edge.stored].role)
    return edge.likeness >= 0.2 || !roles.isEmpty
  }

  private mutating func accept(_ edge: Edge, _ confidence: Float) -> Match {
    storedOf[edge.wanted] = edge.stored
    wantedOf[edge.stored] = edge.wanted
    parents.add(wanted[edge.wanted].parent, stored[edge.stored].parent)
    return Match(wanted: edge.wanted, stored: edge.stored, confidence: min(confidence, 0.99))
  }

  private func isFree(_ edge: Edge) -> Bool {
    storedOf[edge.wanted] == nil && wantedOf[edge.stored] == nil
  }

  private func score(_ edge: Edge) -> Float {
    var likeness = edge.likeness
    switch parents.relation(wanted[edge.wanted].parent, stored[edge.stored].parent) {
    case .counterparts: likeness = max(likeness, 0.6 + 0.3 * likeness)
    case .others: likeness *= 0.6
    case .unknown: break
    }
    return edge.fit * (0.2 + 0.8 * likeness)
  }

  private static let mostRounds = 16
  private static let enough: Float = 0.5
  private static let margin: Float = 0.04
  private static let orderMargin: Float = 0.2
  private static let fitMargin: Float = 0.05
}
