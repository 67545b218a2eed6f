import CheckpointIO
import CheckpointBundle
import CheckpointGraph
import CheckpointTensors
import CheckpointTestSupport
import Checkpoints
import Foundation
import Testing

/// Proves rows of the article on TensorFlow's behaviour that no other suite is about, and that every
/// row names a test that exists.
@Suite struct ObjectBehaviourTests {
  let directory: TemporaryDirectory
  var path: String { directory.path("ckpt") }

  init() throws { directory = try TemporaryDirectory() }

  // A checkpoint of a root with one child `a`, which has a tensor under each key.
  private func write(_ child: ObjectGraph.Node) throws {
    var nodes = [ObjectGraph.Node(), child]
    nodes[0].children = [.init(name: "a", node: 1)]
    var writer = try BundleWriter(prefix: path)
    for key in child.attributes.map(\.key) {
      try writer.add(AnyTensor(Tensor<Float>(7)), for: TensorKey(key))
    }
    let message = ObjectGraph(nodes: nodes).message
    let graph = try AnyTensor(TensorSpec(.string, .scalar), .strings([message]))
    try writer.add(graph, for: TensorKey(ObjectGraph.key))
    try writer.finish()
  }

  @Test(arguments: ["x.y/z", "a/.ATTRIBUTES/a.Sb", "é", " ", "a/.ATTRIBUTES/"])
  func `takes the key that the graph gives, whatever it looks like`(key: String) throws {
    var node = ObjectGraph.Node()
    node.attributes = [.init(name: "VARIABLE_VALUE", fullName: "", key: key)]
    try write(node)
    let variable = Variable<Float>(0)
    try Checkpoint(["a": variable]).restore(from: path).assertConsumed()
    #expect(variable.scalar == 7)
  }

  @Test func `reports attributes that no variable has`() throws {
    var node = ObjectGraph.Node()
    node.attributes = ["table-keys", "table-values"].map {
      .init(name: $0, fullName: "table", key: "a/.ATTRIBUTES/\($0)")
    }
    try write(node)
    let status = try Checkpoint(["a": TestModule([:])]).restore(from: path)
    #expect(status.unused == ["a"])
    let error = #expect(throws: CheckpointError.self) { try status.assertConsumed() }
    #expect(error?.code == .notFound)
  }

  @Test func `reports objects that have a saver of their own`() throws {
    var node = ObjectGraph.Node()
    node.registeredSaver = "custom"
    try write(node)
    #expect(try Checkpoint(["a": TestModule([:])]).restore(from: path).unused == ["a"])
    #expect(try Checkpoint([:]).restore(from: path).deferred == ["a"])
  }

  private final class Growing: Checkpointable {
    var list = [Variable<Float>(0), Variable<Float>(1), Variable<Float>(2)]
    var table = ["x": Variable<Float>(3), "y": Variable<Float>(4)]
  }

  @Test func `saves lists and dictionaries as they are now`() throws {
    let model = Growing()
    let checkpoint = try Checkpoint(["model": model])
    try checkpoint.write(to: directory.path("before"))
    model.list[1] = Variable(10)
    model.list.remove(at: 0)
    model.list.insert(Variable(20), at: 1)
    model.table["x"] = nil
    model.table["z"] = Variable(30)
    try checkpoint.write(to: path)
    let reader = try BundleReader(prefix: path)
    let numbers = try reader.entries().map(\.key).filter { $0.description.hasPrefix("model/") }
      .map { ($0.description, try Tensor<Float>(reader.tensor(for: $0)).array) }
    #expect(
      numbers.map { "\($0.0.split(separator: "/").dropFirst().prefix(2)) \($0.1)" } == [
        #"["list", "0"] [10.0]"#, #"["list", "1"] [20.0]"#, #"["list", "2"] [2.0]"#,
        #"["table", "y"] [4.0]"#, #"["table", "z"] [30.0]"#,
      ])
  }

  @Test func `every row names tests that there are`() throws {
    let root = URL(filePath: #filePath)
      .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    let article = try String(
      contentsOf: root.appending(path: "Sources/Checkpoints/Checkpoints.docc/ObjectBehaviour.md"),
      encoding: .utf8)
    let tests = try Self.testNames(in: root.appending(path: "Tests"))
    let rows = article.split(separator: "\n").filter {
      $0.hasPrefix("| ") && !$0.hasPrefix("| behaviour")
    }
    #expect(rows.count > 40)
    for row in rows {
      let cells = row.split(separator: "|")
      let names = cells.last?.split(separator: "`").filter { $0.contains(" ") && $0 != ", " } ?? []
      let missing = names.dropFirst().dropLast().filter { !tests.contains(String($0)) }
      #expect(cells.count == 3 && names.count > 2 && missing.isEmpty, "\(row): \(missing)")
    }
  }

  private static func testNames(in folder: URL) throws -> Set<String> {
    var names: Set<String> = []
    for case let file as URL in FileManager.default.enumerator(
      at: folder, includingPropertiesForKeys: nil) ?? .init() where file.pathExtension == "swift"
    {
      let text = try String(contentsOf: file, encoding: .utf8)
      for part in text.components(separatedBy: "func `").dropFirst() {
        names.insert(String(part.prefix { $0 != "`" }))
      }
    }
    return names
  }
}
