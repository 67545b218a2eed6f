import CheckpointGraph
import CheckpointTensors

/// Finds the counterparts of wanted variables among stored ones.
struct ProposalSearch {
  private typealias Pair = KeyMapping.Proposal.Pair

  private let stored: NamedVariables
  private let wanted: NamedVariables
  // Names that no rule can have: rules are texts.
  private let notUTF8: (stored: [TensorKey], wanted: [TensorKey])
  private var storedOf: [Int?]
  private var isTaken: [Bool]
  private var found: [Int: Pair] = [:]
  private var parents = ParentPairs()
  private var open: [Int: [Int]] = [:]

  init(stored: [(name: TensorKey, spec: TensorSpec)], wanted: [(name: TensorKey, spec: TensorSpec)])
  {
    self.stored = NamedVariables(Self.usable(stored))
    self.wanted = NamedVariables(Self.usable(wanted))
    notUTF8 = (Self.notUTF8(stored), Self.notUTF8(wanted))
    storedOf = Array(repeating: nil, count: self.wanted.names.count)
    isTaken = Array(repeating: false, count: self.stored.names.count)
  }

  private static func usable(_ variables: [(name: TensorKey, spec: TensorSpec)]) -> [(
    name: [UInt8], spec: TensorSpec
  )] {
    let graph = TensorKey(ObjectGraph.key)
    return variables.sorted { $0.name < $1.name }
      .filter { $0.name != graph && $0.name.string != nil }
      .map { ($0.name.bytes, $0.spec) }
  }

  private static func notUTF8(_ variables: [(name: TensorKey, spec: TensorSpec)]) -> [TensorKey] {
    variables.map(\.name).filter { $0.string == nil }
  }

  /// Looks for equal names, then for families of names, then for single ones.
  mutating func run() {
    findEqualNames()
    match { variables, indices, dictionary in variables.families(of: indices, &dictionary) }
    parents = ParentPairs()
    for (index, partner) in storedOf.enumerated() {
      if let partner { parents.add(wanted.names[index].parent, stored.names[partner].parent) }
    }
    match { variables, indices, dictionary in variables.singles(of: indices, &dictionary) }
    turnSquareKernels()
    countSupport()
  }

  private mutating func findEqualNames() {
    var places: [[UInt8]: Int] = [:]
    for (index, name) in stored.names.enumerated() { places[name.bytes] = index }
    for (index, name) in wanted.names.enumerated() {
      if let place = places[name.bytes] { pair(index, place, confidence: 1) }
    }
  }

  private mutating func match(
    _ families: (NamedVariables, [Int], inout WordDictionary) -> [NameFamily]
  ) {
    var dictionary = WordDictionary()
    let wantedFamilies = families(
      wanted, storedOf.indices.filter { storedOf[$0] == nil }, &dictionary)
    let storedFamilies = families(stored, isTaken.indices.filter { !isTaken[$0] }, &dictionary)
    guard !wantedFamilies.isEmpty, !storedFamilies.isEmpty else { return }
    var matcher = FamilyMatcher(
      wantedFamilies, storedFamilies, (wanted, stored), dictionary, parents: parents)
    for match in matcher.match() {
      let (family, other) = (wantedFamilies[match.wanted], storedFamilies[match.stored])
      for (member, counterpart) in FamilyAlignment(family, other)?.pairs ?? [] {
        let (index, place) = (family.members[member].index, other.members[counterpart].index)
        pair(index, place, confidence: match.confidence)
      }
    }
    open = [:]
    for (family, candidates) in matcher.openCandidates() {
      let places = candidates.flatMap { storedFamilies[$0].members.map(\.index) }
      for member in wantedFamilies[family].members { open[member.index] = Array(places.prefix(4)) }
    }
  }

  private mutating func pair(_ index: Int, _ place: Int, confidence: Float) {
    let (name, other) = (wanted.names[index], stored.names[place])
    let roles: NameVocabulary.Role =
      name.bytes == other.bytes ? .kernel : name.role.intersection(other.role)
    guard storedOf[index] == nil, !isTaken[place],
      let relation = SpecRelation(stored.specs[place], to: wanted.specs[index], roles: roles)
    else { return }
    storedOf[index] = place
    isTaken[place] = true
    found[index] = Pair(
      stored: TensorKey(bytes: other.bytes), wanted: TensorKey(bytes: name.bytes),
      transform: relation.transform,
      confidence: Double(min(confidence, relation == .equal ? 1 : 0.9)))
  }

  // MARK: Square kernels

  // A square kernel does not show whether it is transposed: it is taken to be as the checkpoint's other kernels are.
  private mutating func turnSquareKernels() {
    var squares: [(index: Int, rank: Int)] = []
    var direct: Set<Int> = []  // ranks of which there are kernels that are not transposed
    var orders: [Int: [[Int]: Int]] = [:]  // for each rank, how many kernels have which order
    for (index, pair) in found where isKernel(index) {
      let dimensions = wanted.specs[index].shape.dimensions
      switch pair.transform {
      case .transpose(let axes)?: orders[dimensions.count, default: [:]][axes, default: 0] += 1
      case nil where isSquare(dimensions): squares.append((index, dimensions.count))
      case nil: direct.insert(dimensions.count)
      default: break
      }
    }
    guard !orders.isEmpty else { return }
    for (index, rank) in squares {
      let axes = orders[rank]?.max {
        ($0.value, $1.key.description) < ($1.value, $0.key.description)
      }
      if let axes, !direct.contains(rank) {
        found[index]?.transform = .transpose(axes.key)
        found[index]?.confidence *= 0.8
      } else {
        found[index]?.confidence *= 0.6
      }
    }
  }

  private func isKernel(_ index: Int) -> Bool {
    guard let place = storedOf[index] else { return false }
    return wanted.names[index].role.intersection(stored.names[place].role).contains(.kernel)
      && wanted.names[index].bytes != stored.names[place].bytes
  }

  private func isSquare(_ dimensions: [Int]) -> Bool {
    SpecRelation.orders(of: dimensions).contains {
      SpecRelation.permuted(dimensions, $0) == dimensions
    }
  }

  // What several families of names show alike is surer than each of them.
  private mutating func countSupport() {
    for (index, count) in synthesis.support() where count > 1 {
      guard let pair = found[index], pair.confidence < 0.9 else { continue }
      let doubt = (1 - pair.confidence) / (1 + Double(min(count, 16)) / 4)
      found[index]?.confidence = min(1 - doubt, pair.transform == nil ? 0.99 : 0.9)
    }
  }

  // MARK: Results

  var pairs: [KeyMapping.Proposal.Pair] { found.sorted { $0.key < $1.key }.map(\.value) }

  var ambiguous: [KeyMapping.Proposal.Ambiguity] {
    storedOf.indices.compactMap { index in
      guard storedOf[index] == nil, let places = open[index] else { return nil }
      let free = places.filter { !isTaken[$0] }
      guard !free.isEmpty else { return nil }
      return KeyMapping.Proposal.Ambiguity(
        wanted: TensorKey(bytes: wanted.names[index].bytes),
        candidates: free.map { TensorKey(bytes: stored.names[$0].bytes) })
    }
  }

  var missing: [TensorKey] {
    let open = Set(ambiguous.map(\.wanted))
    let names = storedOf.indices.filter { storedOf[$0] == nil }
      .map { TensorKey(bytes: wanted.names[$0].bytes) }.filter { !open.contains($0) }
    return (names + notUTF8.wanted).sorted()
  }

  var unused: [TensorKey] {
    let names = isTaken.indices.filter { !isTaken[$0] }
      .map { TensorKey(bytes: stored.names[$0].bytes) }
    return (names + notUTF8.stored).sorted()
  }

  var mapping: KeyMapping { synthesis.mapping { found[$0]?.transform } }

  private var synthesis: RuleSynthesis {
    let counterparts = storedOf.enumerated().compactMap { index, place in
      place.map { RuleSynthesis.Counterpart(stored: $0, wanted: index) }
    }
    return RuleSynthesis(stored: stored, wanted: wanted, counterparts)
  }
}
