import CheckpointPlans
import CheckpointIO
import CheckpointBundle
import CheckpointGraph
import CheckpointTensors
import CheckpointTestSupport
import Checkpoints
import Testing

/// Proves that a checkpoint whose object graph lies leads to an error or to a report, in time.
@Suite struct HostileObjectTests {
  let directory: TemporaryDirectory
  var path: String { directory.path("ckpt") }

  init() throws { directory = try TemporaryDirectory() }

  private func write(_ message: AnyTensor, _ tensors: [(TensorKey, AnyTensor)] = []) throws {
    var writer = try BundleWriter(prefix: path)
    for (key, tensor) in tensors { try writer.add(tensor, for: key) }
    try writer.add(message, for: TensorKey(ObjectGraph.key))
    try writer.finish()
  }

  private func write(_ nodes: [ObjectGraph.Node]) throws {
    let message = ObjectGraph(nodes: nodes).message
    try write(AnyTensor(TensorSpec(.string, .scalar), .strings([message])))
  }

  private func failure(_ body: () throws -> Void) -> CheckpointError? {
    #expect(throws: CheckpointError.self) { try body() }
  }

  private func restore(_ object: any Checkpointable) throws {
    try Checkpoint(["a": object]).restore(from: path).expectPartial()
  }

  @Test func `refuses a graph that is no string`() throws {
    try write(AnyTensor(Tensor<Float>(1)))
    #expect(failure { try restore(TestLayer()) }?.code == .corrupt)
    try write(AnyTensor(TensorSpec(.string, [2]), .strings([[], []])))
    let error = failure { try restore(TestLayer()) }
    #expect(error?.message == "the object graph is stored as string[2], it should be one string")
    #expect(error?.key == ObjectGraph.key)
  }

  @Test func `refuses a graph that cannot be read, and says where it is`() throws {
    try write(AnyTensor(TensorSpec(.string, .scalar), .strings([[0x0A, 5, 1]])))
    let error = failure { try restore(TestLayer()) }
    #expect(error?.file == path)
    #expect(error?.key == ObjectGraph.key)
  }

  @Test func `takes a key that the files do not have for a missing value`() throws {
    var nodes = [ObjectGraph.Node(), ObjectGraph.Node()]
    nodes[0].children = [.init(name: "a", node: 1)]
    nodes[1].attributes = [.init(name: "VARIABLE_VALUE", fullName: "a", key: "none")]
    try write(nodes)
    let a = Variable<Float>(1)
    #expect(failure { try restore(a) }?.code == .notFound)
    let status = try Checkpoint(["a": a]).restore(from: path, options: .init(.partial))
    #expect(status.missing == ["a"])
    #expect(status.restored == [])
    #expect(status.unused == ["a"])
    #expect(try Checkpoint(["a": a]).compare(with: path).mismatched.count == 1)
  }

  @Test func `takes a key that leads to the graph itself for a value that does not fit`() throws {
    var nodes = [ObjectGraph.Node(), ObjectGraph.Node()]
    nodes[0].children = [.init(name: "a", node: 1)]
    nodes[1].attributes = [.init(name: "VARIABLE_VALUE", fullName: "a", key: ObjectGraph.key)]
    try write(nodes)
    #expect(failure { try restore(Variable<Float>(1)) }?.code == .mismatch)
  }

  @Test(.timeLimit(.minutes(20))) func `reports a chain of 20,000 values that nobody wants`() throws
  {
    let count = 20_000
    var nodes = [ObjectGraph.Node](repeating: .init(), count: count)
    for number in nodes.indices {
      nodes[number].attributes = [.init(name: "VARIABLE_VALUE", fullName: "v", key: "k")]
      if number + 1 < count { nodes[number].children = [.init(name: "n", node: number + 1)] }
    }
    nodes[0].slotVariables = (1..<count).map { .init(original: $0, slotName: "m", node: $0) }
    try write(nodes)
    let checkpoint = try Checkpoint(["a": Variable<Float>(1)])
    let status = try checkpoint.restore(from: path, options: .init(.partial))
    #expect(status.deferred.count + status.unused.count == count)
    #expect(status.description.utf8.count < 10_000)
    #expect(failure { try status.assertConsumed() } != nil)
    #expect(failure { _ = try checkpoint.restore(from: path) } != nil)
    #expect(try checkpoint.compare(with: path).unused.count == count)
  }
}
