import CheckpointIO
import CheckpointTensors

/// Whether the graph of a newer restore has a value wherever an older one still has one for an object to
/// come: then nobody needs the older one any more.
///
/// Both are compared from the objects on that wait, by the names of their edges.
package struct GraphCoverage {
  private let older: (graph: SavedGraph, bindings: Bindings)
  private let newer: SavedGraph
  // For each object of the program, its nodes in the newer graph.
  private var nodes: [NodeIdentity: [Int]] = [:]
  // For each waiting node of the older graph, its counterpart in the newer one; -1 for none.
  private var partners: [Int32]

  /// Begins the comparison.
  ///
  /// - Parameters:
  ///   - older: The older graph, and its objects.
  ///   - newer: The newer graph, and its objects.
  package init(
    of older: (graph: SavedGraph, bindings: Bindings),
    by newer: (graph: SavedGraph, bindings: Bindings)
  ) {
    self.older = older
    self.newer = newer.graph
    partners = Array(repeating: -1, count: older.graph.nodeCount)
    newer.bindings.forEach { saved, identity in nodes[identity, default: []].append(saved) }
  }

  /// Whether the newer graph has all values that objects to come could get from the older one.
  ///
  /// - Parameters:
  ///   - deferred: What waits in the older graph.
  ///   - slots: The slot variables that wait there.
  /// - Returns: Whether the older graph is of no use any more.
  package mutating func isComplete(
    _ deferred: [GraphMatch.Deferred], _ slots: [GraphMatch.DeferredSlot]
  ) -> Bool {
    for entry in deferred where entry.holder != nil {
      let candidates = (nodes[entry.parent] ?? []).lazy.compactMap { [newer] in
        newer.child(named: entry.name, of: $0)
      }
      guard let partner = candidates.first, covers(entry.savedNode, by: partner) else {
        return false
      }
    }
    return covers(slots)
  }

  // Compares what is at two nodes, and below them.
  private mutating func covers(_ node: Int, by partner: Int) -> Bool {
    var queue = [(older: node, newer: partner)]
    while let pair = queue.popLast() {
      guard partners[pair.older] < 0 else {
        // One object in the older graph is two in the newer one. Comparing with both might never end.
        guard Int(partners[pair.older]) == pair.newer else { return false }
        continue
      }
      partners[pair.older] = Int32(pair.newer)
      guard hasValues(of: pair.older, pair.newer), addChildren(of: pair, to: &queue) else {
        return false
      }
    }
    return true
  }

  private func hasValues(of node: Int, _ partner: Int) -> Bool {
    older.graph.attributes[node].allSatisfy { attribute in
      newer.attributes[partner].contains {
        newer.bytes($0.name).matches(older.graph.bytes(attribute.name))
      }
    }
  }

  private func addChildren(
    of pair: (older: Int, newer: Int), to queue: inout [(older: Int, newer: Int)]
  ) -> Bool {
    var edges = EdgesByName(newer, pair.newer)
    for edge in older.graph.children.range(of: pair.older) {
      let child = older.graph.children.elements[edge]
      let node = Int(child.node)
      // What has its object has its value too.
      guard older.graph.mayHaveValues(node), !older.bindings.isBound(node) else { continue }
      guard let partner = edges.next(older.graph.bytes(child.name)) else { return false }
      queue.append((node, partner))
    }
    return true
  }

  // MARK: Slot variables

  private struct SlotPlace: Hashable {
    let optimizer: Int
    let original: Int
    let name: String
  }

  private func covers(_ slots: [GraphMatch.DeferredSlot]) -> Bool {
    guard !slots.isEmpty else { return true }
    var places: Set<SlotPlace> = []
    for optimizer in newer.nodes {
      for slot in newer.slots[optimizer].map(newer.slotVariable) {
        places.insert(SlotPlace(optimizer: optimizer, original: slot.original, name: slot.slotName))
      }
    }
    return slots.allSatisfy { waiting in
      guard let optimizers = partners(of: waiting.optimizer),
        let originals = partners(of: waiting.slot.original)
      else { return true }  // neither is there, nor can it come
      let name = waiting.slot.slotName
      return optimizers.contains { optimizer in
        originals.contains { original in
          places.contains(SlotPlace(optimizer: optimizer, original: original, name: name))
        }
      }
    }
  }

  // The newer graph's nodes for one that has an object, or that waits; `nil` for others.
  private func partners(of node: Int) -> [Int]? {
    if partners[node] >= 0 { return [Int(partners[node])] }
    return older.bindings.identity(of: node).map { nodes[$0] ?? [] }
  }
}

/// The edges of a saved node by their names, mostly asked for in the order in which they stand.
private struct EdgesByName {
  private let graph: SavedGraph
  private let edges: Range<Int>
  private var place: Int
  private lazy var table: [TensorKey: Int] = Dictionary(
    edges.map { edge in
      let child = graph.children.elements[edge]
      return (TensorKey(copying: graph.bytes(child.name)), Int(child.node))
    }, uniquingKeysWith: { first, _ in first })

  init(_ graph: SavedGraph, _ node: Int) {
    self.graph = graph
    edges = graph.children.range(of: node)
    place = edges.lowerBound
  }

  mutating func next(_ name: Span<UInt8>) -> Int? {
    if place < edges.upperBound {
      let child = graph.children.elements[place]
      if graph.bytes(child.name).matches(name) {
        place += 1
        return Int(child.node)
      }
    }
    return table[TensorKey(copying: name)]
  }
}
