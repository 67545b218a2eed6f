import CheckpointIO

/// GraphDef, 1 node, repeated NodeDef: where each node is, by its name.
///
/// The nodes themselves stay in the file.
///
/// Source: tensorflow/core/framework/graph.proto.
struct GraphIndex {
  private struct Place {
    let hash: Int
    let offset: UInt64
    let count: UInt32
  }

  private let file: MessageFile
  private var places: [Place] = []  // in order of the hashes

  /// Finds the nodes of a graph.
  ///
  /// - Throws: `corrupt` or `truncated` for bytes of another form; `limitExceeded` for more nodes
  ///   than any graph has.
  init(_ graphs: [ByteRange], in file: MessageFile) throws(CheckpointError) {
    self.file = file
    for graph in graphs {
      try file.forEachField(of: graph) { number, value throws(CheckpointError) in
        guard case (1, .bytes(let node)) = (number, value) else { return }
        try add(node)
      }
    }
    places.sort { ($0.hash, $0.offset) < ($1.hash, $1.offset) }
  }

  private mutating func add(_ node: ByteRange) throws(CheckpointError) {
    guard let name = try name(of: node), let count = UInt32(exactly: node.count) else { return }
    guard places.count < Self.mostNodes else {
      throw CheckpointError(.limitExceeded, "a graph of more than \(Self.mostNodes) nodes")
    }
    places.append(Place(hash: name.hashValue, offset: node.offset, count: count))
  }

  private func name(of node: ByteRange) throws(CheckpointError) -> String? {
    var name: String?
    try file.forEachField(of: node) { number, value throws(CheckpointError) in
      guard case (1, .bytes(let text)) = (number, value) else { return }
      name = try file.string(text)
    }
    return name
  }

  /// The node of a name; `nil` if there is none.
  func node(named name: String) throws(CheckpointError) -> GraphNode? {
    let hash = name.hashValue
    var (low, high) = (0, places.count)
    while low < high {
      let middle = (low + high) / 2
      if places[middle].hash < hash { low = middle + 1 } else { high = middle }
    }
    for place in places[low...].prefix(while: { $0.hash == hash }) {
      let range = ByteRange(offset: place.offset, count: UInt64(place.count))
      let node = try GraphNode(range, in: file)
      if node.name == name { return node }
    }
    return nil
  }

  private static let mostNodes = 2_000_000
}
