import CheckpointStore
import CheckpointPlans
import CheckpointMapping
import CheckpointIO
import CheckpointGraph
import CheckpointTensors
import CheckpointTestSupport
import Checkpoints
import Testing

/// Proves what becomes of the objects of a checkpoint that is converted.
@Suite struct ConvertedGraphTests {
  private final class Layer: Checkpointable {
    let kernel: Variable<Float>
    let bias: Variable<Float>

    init(_ value: Float) {
      kernel = Variable(repeating: value, shape: [2, 2])
      bias = Variable(repeating: value, shape: [2])
    }
  }

  private let directory: TemporaryDirectory
  private let source: String
  private static let kernel: TensorKey = "layer/kernel/.ATTRIBUTES/VARIABLE_VALUE"
  private static let graph = TensorKey(ObjectGraph.key)

  init() throws {
    directory = try TemporaryDirectory("graph")
    source = try Checkpoint(["layer": Layer(3)]).write(to: directory.path("source"))
  }

  private func convert(
    to name: String, _ change: (inout CheckpointConversion.Options) -> Void = { _ in }
  ) throws -> [String] {
    var options = CheckpointConversion.Options()
    change(&options)
    let conversion = try CheckpointConversion(
      from: source, to: directory.path(name), options: options)
    try conversion.run()
    return conversion.notes
  }

  private func restored(_ name: String) throws -> Layer {
    let layer = Layer(0)
    try Checkpoint(["layer": layer]).read(from: directory.path(name)).assertConsumed()
    return layer
  }

  @Test(arguments: [CheckpointFormat.v2, .v1])
  func `V2 and V1 keep the graph as it is, and objects are restored`(
    format: CheckpointFormat
  ) throws {
    #expect(try convert(to: "m") { $0.format = format } == [])
    let (old, new) = (try CheckpointReader(source), try CheckpointReader(directory.path("m")))
    #expect(try old.tensor(for: Self.graph).strings == new.tensor(for: Self.graph).strings)
    #expect(try restored("m").kernel.value.array == [3, 3, 3, 3])
  }

  @Test func `safetensors files lose the graph, and a note says so`() throws {
    let notes = try convert(to: "m.safetensors")
    #expect(
      notes == [
        "the object graph is left out, safetensors files have no strings: what is written can be "
          + "restored by names only"
      ])
    let keys = try CheckpointReader(directory.path("m.safetensors")).entries().map(\.key)
    #expect(keys == ["layer/bias/.ATTRIBUTES/VARIABLE_VALUE", Self.kernel])
  }

  @Test func `the graph follows new names, and objects are restored`() throws {
    let new: TensorKey = "weights/.ATTRIBUTES/VARIABLE_VALUE"
    #expect(try convert(to: "m") { $0.names = [Self.kernel: new] } == [])
    #expect(try restored("m").kernel.value.array == [3, 3, 3, 3])
    let mapped = try convert(to: "n") { $0.mapping = [.prefix("layer/", to: "block/")] }
    #expect(mapped == [])
    #expect(try restored("n").bias.value.array == [3, 3])
    let mapping = try ObjectGraph.keyMapping(at: directory.path("n"))
    #expect(Set(mapping.values.joined()).allSatisfy { $0.hasPrefix("block/") })
  }

  @Test func `an object loses a value that is left out`() throws {
    let notes = try convert(to: "m") {
      $0.mapping = [.drop(.suffix("kernel/.ATTRIBUTES/VARIABLE_VALUE"))]
    }
    #expect(notes.count == 1)
    #expect(notes.first?.hasPrefix("objects lose their values of '\(Self.kernel)': they") == true)
    let layer = Layer(0)
    try Checkpoint(["layer": layer]).read(from: directory.path("m"), options: .partial)
      .expectPartial()
    #expect(layer.bias.value.array == [3, 3])
  }

  @Test func `names that are no keys of objects make a checkpoint that is restored by names`()
    throws
  {
    let notes = try convert(to: "m") {
      $0.mapping = [.replace(#"^layer/(.*)/\.ATTRIBUTES/VARIABLE_VALUE$"#, with: "$1")]
    }
    #expect(notes.last == "the object graph is left out: no object has a value any more")
    #expect(try CheckpointReader(directory.path("m")).entries().map(\.key) == ["bias", "kernel"])
  }

  @Test func `the graph is left out on request`() throws {
    #expect(try convert(to: "m") { $0.dropsObjectGraph = true } == [])
    #expect(try CheckpointReader(directory.path("m")).objectGraph() == nil)
  }

  @Test func `the graph keeps its name, and no tensor gets it`() throws {
    func message(_ change: (inout CheckpointConversion.Options) -> Void) -> String? {
      let error = #expect(throws: CheckpointError.self) { try convert(to: "m", change) }
      #expect(error?.code == .invalidArgument)
      return error.map { "\($0.key ?? ""): \($0.message)" }
    }
    #expect(
      message { $0.names = [Self.graph: "g"] }
        == "\(Self.graph): this is the object graph, which keeps its name")
    let taken =
      "'\(Self.graph)' is the name of the object graph, which no other tensor can have; give another"
    #expect(message { $0.names = [Self.kernel: Self.graph] } == "\(Self.kernel): \(taken)")
    #expect(
      message { $0.mapping = [.rename([Self.kernel.description: ObjectGraph.key])] }
        == "\(Self.kernel): \(taken)")
    #expect(
      message {
        $0.names = [Self.kernel: Self.graph]
        $0.dropsObjectGraph = true
      } == "\(Self.kernel): \(taken)")
  }

  @Test func `no tensor is renamed to the graph where it stands`() throws {
    let path = try Saver(["w": Variable<Float>([1])]).save(to: directory.path("named"))
    let error = #expect(throws: CheckpointError.self) {
      try CheckpointConversion.rename(["w": Self.graph], in: path)
    }
    #expect(error?.file == path && error?.key == "w")
    #expect(error?.message.contains("is the name of the object graph") == true)
    #expect(try CheckpointReader(path).entries().map(\.key) == ["w"])
  }

  @Test func `two graphs are not made one`() throws {
    let error = #expect(throws: CheckpointError.self) {
      try CheckpointConversion(merging: [source, source], to: directory.path("m"))
    }
    #expect(error?.code == .duplicateName)
    #expect(error?.message.hasPrefix("two of the checkpoints have an object graph") == true)
    #expect(error?.message.contains("'\(source)' and '\(source)'") == true)
  }

  @Test func `two graphs are no matter where none is written`() throws {
    let other = try Checkpoint(["other": Layer(4)]).write(to: directory.path("other"))
    var options = CheckpointConversion.Options()
    options.mapping = [.drop(.name("save_counter/.ATTRIBUTES/VARIABLE_VALUE"))]
    options.dropsObjectGraph = true
    for name in ["m", "m.safetensors"] {
      try CheckpointConversion(
        merging: [source, other], to: directory.path(name), options: options
      ).run()
      #expect(try CheckpointReader(directory.path(name)).entries().count == 4)
      options.dropsObjectGraph = false
    }
  }

  @Test(arguments: [CheckpointFormat.v2, .v1])
  func `objects without values are a checkpoint`(format: CheckpointFormat) throws {
    // As tf.train.Checkpoint().write() saves it: a root, and nothing else.
    let root = ObjectGraph(nodes: [ObjectGraph.Node()])
    var writer = try CheckpointWriter(to: directory.path("root"))
    try writer.add(Tensor<[UInt8]>(root.message), for: Self.graph)
    try writer.finish()
    var options = CheckpointConversion.Options()
    options.format = format
    let conversion = try CheckpointConversion(
      from: directory.path("root"), to: directory.path("m"), options: options)
    #expect(conversion.notes == [])
    try conversion.run()
    #expect(try CheckpointReader(directory.path("m")).objectGraph() == root)
  }
}
