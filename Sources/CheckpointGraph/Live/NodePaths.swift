import CheckpointIO
import CheckpointTensors

/// Finds the ways to nodes of a walk, in the form that keys have.
///
/// Keeps the way to one node: the next one is in the same place or nearby, as a rule. The ways to all
/// nodes would take memory that grows with the square of the length of a chain.
struct NodePaths {
  private let graph: LiveGraph
  private var path: [UInt8] = []
  private var nodes = [(number: 0, pathCount: 0)]  // from the root to the one that `path` leads to
  private var steps: [Int] = []  // what is to come behind them, the last first

  init(_ graph: LiveGraph) { self.graph = graph }

  /// The way to a node; empty for the root.
  mutating func path(of number: Int) -> [UInt8] { bytes(of: number, nil).all }

  /// The key of an attribute of a node, and how many bytes of it are the way to the node.
  mutating func key(of number: Int, attribute: String) -> (all: [UInt8], pathCount: Int) {
    bytes(of: number, attribute)
  }

  private mutating func bytes(of number: Int, _ attribute: String?) -> (
    all: [UInt8], pathCount: Int
  ) {
    switch graph.nodes[number].way {
    case .root: return Self.bytes([], nil, attribute)
    case .child(let parent, let edge):
      go(to: parent)
      let name = graph.edges.elements[edge].name
      return Self.bytes(path, CheckpointKey.Step(name, isFirst: parent == 0), attribute)
    case .slot(let optimizer, let index):
      let slot = graph.slots.elements[index]
      var place = path(of: slot.original)
      CheckpointKey.append(slotsOf: graph.pathBytes(of: optimizer), to: &place)
      return Self.bytes(place, CheckpointKey.Step(slot.slotName, isFirst: false), attribute)
    }
  }

  private static func bytes(_ path: [UInt8], _ step: CheckpointKey.Step?, _ attribute: String?) -> (
    all: [UInt8], pathCount: Int
  ) {
    let stepCount = step?.maxCount ?? 0
    let attributeCount = attribute.map(CheckpointKey.count(ofAttribute:)) ?? 0
    var pathCount = 0
    var all: [UInt8] = []
    all.append(addingCapacity: path.count + stepCount + attributeCount) { output in
      output.append(copying: path.span)
      if let step { output.append(step) }
      pathCount = output.count
      if let attribute { output.append(attribute: attribute) }
    }
    return (all, pathCount)
  }

  // Back to the last node that both ways have in common, and on from there: a chain may be deeper than
  // the call stack.
  private mutating func go(to target: Int) {
    var current = target
    while let last = nodes.last, last.number != current {
      if last.number > current {  // no node is above one of a smaller number
        nodes.removeLast()
      } else {
        guard case .child(let parent, _) = graph.nodes[current].way else { break }
        steps.append(current)
        current = parent
      }
    }
    path.removeLast(path.count - (nodes.last?.pathCount ?? 0))
    while let step = steps.popLast() {
      guard case .child(let parent, let edge) = graph.nodes[step].way else { break }
      let name = CheckpointKey.Step(graph.edges.elements[edge].name, isFirst: parent == 0)
      CheckpointKey.append(name, to: &path)
      nodes.append((step, path.count))
    }
  }
}

extension LiveGraph {
  /// The way to a node in the form that keys have; empty for the root.
  package func path(of number: Int) -> String {
    String(decoding: pathBytes(of: number), as: UTF8.self)
  }

  /// The key of an attribute of a node.
  func key(of number: Int, attribute: String) -> TensorKey {
    var paths = NodePaths(self)
    return TensorKey(bytes: paths.key(of: number, attribute: attribute).all)
  }

  fileprivate func pathBytes(of number: Int) -> [UInt8] {
    var paths = NodePaths(self)
    return paths.path(of: number)
  }
}
