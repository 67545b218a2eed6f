import CheckpointStore
import CheckpointBundle
import CheckpointGraph
import CheckpointTensors
import CheckpointTestSupport
import Checkpoints
import Foundation
import Testing

@Suite struct GraphTests {
  static let fixture = ToolRun.fixture("object/nested-1")

  @Test func `a table stands with both of its tensors`() throws {
    let run = try ToolRun.checkpoint("graph", ToolRun.fixture("table/objects"))
    let key = "model/words/.ATTRIBUTES/table"
    #expect(
      run.output.contains("words #3 [table]  string[3]  \(key)-keys  int64[3]  \(key)-values\n"))
  }

  @Test func `the tree has every object once, with what it holds`() throws {
    let run = try ToolRun.checkpoint("graph", Self.fixture)
    #expect(run.status == 0)
    #expect(run.errors == "")
    let variable = "/.ATTRIBUTES/VARIABLE_VALUE"
    let slot = "/.OPTIMIZER_SLOT/optimizer"
    #expect(
      run.output == """
        root #0
          model #1
            zed #5
              kernel -> #10
              bias #14 'bias'  float32[2]  model/zed/bias\(variable)
            a #6
              kernel #15 'kernel'  float32[6]  model/a/kernel\(variable)
              bias #16 'bias'  float32[2]  model/a/bias\(variable)
            layers #7
              0 -> #5
              1 -> #6
              2 #17 'in_list'  float32[]  model/layers/2\(variable)
            tables #8
              x #18 'in_dict'  int32[3]  model/tables/x\(variable)
              a.b/c #19 'odd'  string[]  model/tables/a..b.Sc\(variable)
              lst #20
                0 #22 'Variable'  bool[]  model/tables/lst/0\(variable)
            pair #9
              0 -> #10
              1 #21 'in_tuple'  float32[]  model/pair/1\(variable)
            shared #10 'kernel'  float32[6]  model/shared\(variable)
            me -> #1
            empty #11
          optimizer #2
            beta1_power #12 'beta1_power'  float32[]  optimizer/beta1_power\(variable)
            beta2_power #13 'beta2_power'  float32[]  optimizer/beta2_power\(variable)
            slot m #23 of #10 'kernel/Adam'  float32[6]  model/shared\(slot)/m\(variable)
            slot m #24 of #16 'bias/Adam'  float32[2]  model/a/bias\(slot)/m\(variable)
            slot v #25 of #10 'kernel/Adam_1'  float32[6]  model/shared\(slot)/v\(variable)
            slot v #26 of #16 'bias/Adam_1'  float32[2]  model/a/bias\(slot)/v\(variable)
          step #3 'global_step'  int64[]  step\(variable)
          save_counter #4 'save_counter'  int64[]  save_counter\(variable)
        27 objects, 17 values, 4 slot variables

        """)
  }

  struct Listing: Decodable, Equatable {
    struct Node: Decodable, Equatable {
      struct Child: Decodable, Equatable {
        let id: Int
        let name: String
      }
      struct Attribute: Decodable, Equatable {
        let name, full_name, key: String
      }
      struct Slot: Decodable, Equatable {
        let variable: Int
        let slot: String
        let node: Int
      }
      let id: Int
      let children: [Child]
      let attributes: [Attribute]
      let slots: [Slot]
    }
    let nodes: [Node]

    init(_ graph: ObjectGraph) {
      nodes = graph.nodes.enumerated().map { number, node in
        Node(
          id: number, children: node.children.map { .init(id: $0.node, name: $0.name) },
          attributes: node.attributes.map {
            .init(name: $0.name, full_name: $0.fullName, key: $0.key)
          },
          slots: node.slotVariables.map {
            .init(variable: $0.original, slot: $0.slotName, node: $0.node)
          })
      }
    }
  }

  @Test func `the JSON form is the whole graph, in the order of the nodes`() throws {
    let run = try ToolRun.checkpoint("graph", "--json", Self.fixture)
    #expect(run.status == 0)
    let listing = try JSONDecoder().decode(Listing.self, from: Data(run.outputBytes))
    #expect(listing == Listing(try ObjectGraph(at: Self.fixture)))
    let lines = run.output.split(separator: "\n")
    #expect(lines.first == "{\"nodes\":[")
    let first = """
      {"id":0,"children":[{"id":1,"name":"model"},{"id":2,"name":"optimizer"},\
      {"id":3,"name":"step"},{"id":4,"name":"save_counter"}],"attributes":[],"slots":[]},
      """
    #expect(lines.dropFirst().first.map(String.init) == first)
    #expect(run.output.contains("\"slots\":[{\"variable\":10,\"slot\":\"m\",\"node\":23},"))
  }

  @Test(arguments: ["graph", "graph --json"])
  func `a checkpoint saved by name has no objects`(command: String) throws {
    let prefix = ToolRun.fixture("worked/sliced")
    let run = try ToolRun.shell("checkpoint \(command) \"$1\"", prefix)
    #expect(run.status == 1)
    #expect(run.output == "")
    #expect(
      run.errors == """
        checkpoint: \(prefix): this checkpoint was saved by name, it has no objects; \
        'checkpoint list' shows its tensors (unsupported)

        """)
  }

  // MARK: Graphs that no program has

  private func save(_ graph: ObjectGraph, in directory: TemporaryDirectory) throws -> String {
    let prefix = directory.path("graph")
    var writer = try BundleWriter(prefix: prefix)
    let message = try AnyTensor(TensorSpec(.string, .scalar), .strings([graph.message]))
    try writer.add(message, for: TensorKey(ObjectGraph.key))
    try writer.finish()
    return prefix
  }

  @Test(.timeLimit(.minutes(20))) func `a chain of 100,000 objects is shown`() throws {
    let count = 100_000
    var graph = ObjectGraph(nodes: Array(repeating: ObjectGraph.Node(), count: count))
    for number in 0..<count {
      // The last leads back to the root.
      graph.nodes[number].children = [.init(name: "next", node: (number + 1) % count)]
    }
    let directory = try TemporaryDirectory()
    let prefix = try save(graph, in: directory)

    let run = try ToolRun.checkpoint("graph", prefix)
    #expect(run.status == 0)
    let lines = run.output.split(separator: "\n")
    let indent = String(repeating: "  ", count: 40)
    #expect(lines.count == count + 2)
    #expect(lines[40] == "\(indent)next #40")
    #expect(lines[41] == "\(indent)(41) next #41")
    #expect(lines[count - 1] == "\(indent)(99999) next #99999")
    #expect(lines[count] == "\(indent)(100000) next -> #0")
    #expect(lines.last == "100000 objects, 0 values, 0 slot variables")

    let json = try ToolRun.checkpoint("graph", "--json", prefix)
    let listing = try JSONDecoder().decode(Listing.self, from: Data(json.outputBytes))
    #expect(listing == Listing(graph))
  }

  @Test func `what is odd about a graph is shown without obeying it`() throws {
    var graph = ObjectGraph(nodes: Array(repeating: ObjectGraph.Node(), count: 4))
    graph.nodes[0].children = [.init(name: "a\u{1B}[2J", node: 1), .init(name: "", node: 1)]
    graph.nodes[1].attributes = [
      .init(name: "table", fullName: "", key: "a/.ATTRIBUTES/table"),
      .init(name: "py_state", fullName: "two\nlines", key: ObjectGraph.key),
    ]
    graph.nodes[1].slotVariables = [.init(original: 0, slotName: "m", node: 0)]
    graph.nodes[2].registeredSaver = "Custom"
    graph.nodes[3].children = [.init(name: "lost", node: 2)]
    let directory = try TemporaryDirectory()
    let prefix = try save(graph, in: directory)

    let run = try ToolRun.checkpoint("graph", prefix)
    #expect(run.status == 0)
    #expect(
      run.output == """
        root #0
          a\\x1b[2J #1 [table]  (no tensor of this key)  a/.ATTRIBUTES/table \
        [py_state] 'two\\x0alines'  string[]  _CHECKPOINTABLE_OBJECT_GRAPH
            slot m -> #0
          '' -> #1
        unreached #2  in files of the saver 'Custom'
        unreached #3
          lost -> #2
        4 objects, 2 values, 1 slot variable

        """)
    let json = try ToolRun.checkpoint("graph", "--json", prefix)
    let listing = try JSONDecoder().decode(Listing.self, from: Data(json.outputBytes))
    #expect(listing == Listing(graph))
  }
}
