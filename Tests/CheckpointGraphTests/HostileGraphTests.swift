import CheckpointGraph
import CheckpointIO
import CheckpointTensors
import CheckpointTestSupport
import CheckpointWire
import Testing

/// Proves that no bytes of an object graph lead to anything but a graph or an error.
@Suite struct HostileGraphTests {
  private func problem(_ bytes: [UInt8]) -> String? {
    #expect(throws: CheckpointError.self) { try ObjectGraph(message: bytes.span) }?.description
  }

  /// A graph of one node with these fields.
  private func node(_ fields: [UInt8]) -> [UInt8] { [0x0A, UInt8(fields.count)] + fields }

  // Memory that is not touched takes none.
  @Test func `refuses a graph larger than messages can be`() {
    let message = unsafe [UInt8](unsafeUninitializedCapacity: 1 << 31) { $1 = 1 << 31 }
    let error = #expect(throws: CheckpointError.self) { try SavedGraph(message: message) }
    #expect(
      error?.description
        == "the object graph has 2147483648 bytes, messages have 2 GiB at most (limitExceeded)")
  }

  @Test func `refuses a graph without nodes`() {
    #expect(problem([]) == "the object graph has no nodes (corrupt)")
    #expect(problem([0x10, 1]) == "the object graph has no nodes (corrupt)")
  }

  static let strays: [(field: [UInt8], number: Int)] = [
    ([0x0A, 2, 0x08, 1], 1),
    ([0x0A, 11, 0x08] + [UInt8](repeating: 0xFF, count: 9) + [1], -1),
    ([0x0A, 6, 0x08, 0xFF, 0xFF, 0xFF, 0xFF, 7], Int(Int32.max)),
    ([0x1A, 2, 0x08, 5], 5), ([0x1A, 2, 0x18, 6], 6),
    ([0x1A, 11, 0x18] + [UInt8](repeating: 0xFF, count: 9) + [1], -1),
  ]

  @Test(arguments: strays)
  func `refuses numbers of nodes that are none`(field: [UInt8], number: Int) {
    #expect(problem(node(field)) == "the object graph refers to node \(number), it has 1 (corrupt)")
  }

  @Test func `refuses what is no message`() {
    #expect(problem([0x0A])?.contains("(truncated)") == true)
    #expect(problem([0x0A, 5, 1])?.contains("(truncated)") == true)
    #expect(problem(node([0x0A, 0x7F]))?.contains("(truncated)") == true)
    #expect(problem(node([0x12, 3, 0x0A, 1, 0xFF]))?.contains("(corrupt)") == true)
  }

  @Test func `takes the first of several children of one name`() throws {
    var nodes = [ObjectGraph.Node](repeating: .init(), count: 3)
    nodes[0].children = [.init(name: "a", node: 1), .init(name: "a", node: 2)]
    for node in 1...2 {
      nodes[node].attributes = [.init(name: "VARIABLE_VALUE", fullName: "", key: "\(node)")]
    }
    let graph = try ObjectGraph(message: ObjectGraph(nodes: nodes).message.span)
    #expect(graph.node(at: "a") == 1)
    let object = Variable(1.0)
    let live = try LiveGraph(root: Module(["a": object]))
    let match = try GraphMatch(graph.saved(), live, from: [(0, 0)])
    #expect(match.assignments.map(\.savedNode) == [1])
    #expect(match.conflicts.map(\.savedNode) == [2])
  }

  @Test func `tolerates nodes that nothing leads to, and cycles`() throws {
    let cycle: [UInt8] = [0x0A, 5, 8, 0, 0x12, 1, 0x61]
    let lost: [UInt8] = [0x12, 6, 0x0A, 1, 0x61, 0x1A, 1, 0x6B]
    let graph = try ObjectGraph(message: (node(cycle) + node(lost)).span)
    #expect(graph.nodes.count == 2)
    #expect(graph.description == "root #0\n  a -> #0\nunreached #1 [a]")
    let saved = try graph.saved()
    #expect(saved.path(of: 1, saved.shortestWays) == nil)
    let root = Module([:])
    root.properties = [("a", root)]
    #expect(
      try GraphMatch(graph.saved(), LiveGraph(root: root), from: [(0, 0)]).assignments.isEmpty)
    root.properties = []
  }

  @Test func `matches slot variables that make no sense without trapping`() throws {
    let (w, optimizer) = (Variable<Float>(1), Momentum())
    let live = try LiveGraph(root: Module(["o": optimizer, "w": w]))
    for seed in 0..<500 as Range<UInt64> {
      var random = SeededGenerator(seed: seed)
      var nodes = [ObjectGraph.Node](repeating: .init(), count: 4)
      nodes[0].children = [.init(name: "o", node: 1), .init(name: "w", node: 2)]
      for _ in 0..<3 {
        let owner = Int.random(in: 0..<4, using: &random)
        nodes[owner].slotVariables.append(
          .init(
            original: Int.random(in: 0..<4, using: &random),
            slotName: ["momentum", "m", ""].randomElement(using: &random) ?? "",
            node: Int.random(in: 0..<4, using: &random)))
        nodes[owner].children.append(.init(name: "w", node: Int.random(in: 0..<4, using: &random)))
      }
      _ = try GraphMatch(ObjectGraph(nodes: nodes).saved(), live, from: [(0, 0)])
    }
  }

  @Test(.timeLimit(.minutes(20))) func `reads a thousand mutated messages without trapping`() throws
  {
    let (layer, optimizer) = (Dense(), Momentum())
    _ = optimizer.slots["momentum", of: layer.kernel]
    let root = Module(["layer": layer, "list": [layer.bias], "o": optimizer, "s": Text("x")])
    let message = try SavedObjects(root).graph.message
    let live = try LiveGraph(root: root)
    var readable = 0
    for seed in 0..<1_000 as Range<UInt64> {
      var random = SeededGenerator(seed: seed)
      var bytes = message
      for _ in 0..<Int.random(in: 1...2, using: &random) {
        let place = Int.random(in: bytes.indices, using: &random)
        switch Int.random(in: 0..<3, using: &random) {
        case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
        case 1: bytes.remove(at: place)
        default: bytes.insert(UInt8.random(in: 0...255, using: &random), at: place)
        }
      }
      guard let graph = try? ObjectGraph(message: bytes.span) else { continue }
      readable += 1
      _ = graph.description
      _ = graph.keyMapping
      _ = try GraphMatch(graph.saved(), live, from: [(0, 0)])
      #expect(try ObjectGraph(message: graph.message.span) == graph, "seed \(seed)")
    }
    #expect(readable > 20)
  }

  @Test(.timeLimit(.minutes(20))) func `takes a long chain of nodes without recursion`() throws {
    let count = TestCases.count(200_000, sample: 60_000)
    var nodes = [ObjectGraph.Node](repeating: .init(), count: count)
    for number in 0..<(count - 1) {
      nodes[number].children = [.init(name: "n", node: number + 1)]
    }
    nodes[count - 1].attributes = [.init(name: "VARIABLE_VALUE", fullName: "w", key: "w")]
    let graph = try ObjectGraph(message: ObjectGraph(nodes: nodes).message.span)
    #expect(graph.nodes.count == count)
    #expect(graph.description.utf8.count > count)
    let object = Module([:])
    object.properties = [("n", object)]
    let match = try GraphMatch(graph.saved(), LiveGraph(root: object), from: [(0, 0)])
    #expect(match.conflicts.count == 0)  // all come to the same object, which has no value
    #expect((0..<count).allSatisfy(match.bindings.isBound))
    object.properties = [("n", Module(["n": Variable(1.0)]))]
    #expect(
      try GraphMatch(graph.saved(), LiveGraph(root: object), from: [(0, 0)]).deferred.count == 1)
  }

  @Test(.timeLimit(.minutes(20))) func `takes a node with 100,000 edges`() throws {
    var nodes = [ObjectGraph.Node](repeating: .init(), count: 2)
    nodes[0].children = (0..<100_000).map { .init(name: "n\($0 % 7)", node: $0 % 2) }
    nodes[1].children = nodes[0].children
    let graph = try ObjectGraph(message: ObjectGraph(nodes: nodes).message.span)
    #expect(graph.description.utf8.count > 100_000)
    let live = try LiveGraph(root: Module(["n0": Dense(), "n1": Dense()]))
    _ = try GraphMatch(graph.saved(), live, from: [(0, 0)])
  }
}
