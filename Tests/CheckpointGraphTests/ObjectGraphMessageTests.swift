import CheckpointGraph
import CheckpointIO
import CheckpointTensors
import Testing

/// Proves that graphs are read and written byte for byte: bytes put down by hand from the format.
@Suite struct ObjectGraphMessageTests {
  @Test func `writes the smallest graph`() throws {
    let saved = try SavedObjects(Module(["v": Variable<Float>([1, 2], name: "v")]))
    let expected: [UInt8] =
      [0x0A, 0x0B, 0x0A, 0x05, 0x08, 0x01, 0x12, 0x01, 0x76, 0x2A, 0x02, 0x08, 0x01]
      + [0x0A, 0x37, 0x12, 0x31, 0x0A, 0x0E] + Array("VARIABLE_VALUE".utf8)
      + [0x12, 0x01, 0x76, 0x1A, 0x1C] + Array("v/.ATTRIBUTES/VARIABLE_VALUE".utf8)
      + [0x2A, 0x02, 0x08, 0x01]
    #expect(saved.graph.message == expected)
    #expect(try ObjectGraph(message: expected.span) == saved.graph)
  }

  @Test func `leaves out the number of node 0, and an empty name`() throws {
    let root = Module([:])
    root.properties = [("root", root), ("", root)]
    let bytes: [UInt8] = [0x0A, 0x0C, 0x0A, 6, 0x12, 4] + Array("root".utf8) + [0x0A, 0, 0x2A, 0]
    #expect(try SavedObjects(root).graph.message == bytes)
    #expect(try ObjectGraph(message: bytes.span).nodes[0].children.map(\.name) == ["root", ""])
    root.properties = []
  }

  @Test func `writes slot variables`() throws {
    let w = Variable<Float>(1, name: "w")
    let optimizer = Momentum(["m"])
    _ = optimizer.slots["m", of: w]
    let message = try SavedObjects(Module(["o": optimizer, "w": w])).graph.message
    let first: [UInt8] =
      [0x0A, 0x12, 0x0A, 5, 8, 1, 0x12, 1, 0x6F, 0x0A, 5, 8, 2, 0x12, 1, 0x77, 0x2A, 2, 8, 1]
    let second: [UInt8] = [0x0A, 0x0D, 0x1A, 7, 8, 2, 0x12, 1, 0x6D, 0x18, 3, 0x2A, 2, 8, 1]
    #expect(message.starts(with: first + second))
  }

  @Test func `numbers a structure of everything as TensorFlow does`() throws {
    let (zed, a) = (Dense(1), Dense(10))
    let optimizer = Adam(zed.kernel, a.bias)
    let model = Module([
      "zed": zed, "a": a, "layers": [zed, a, Variable<Float>(3)] as [Any],
      "tables": [
        "x": Variable<Int32>([1, 2, 3]), "a.b/c": Variable("text"), "lst": [Variable(true)],
      ] as KeyValuePairs<String, Any>,
      "pair": (zed.kernel, Variable<Double>(4)), "shared": zed.kernel,
    ])
    model.properties += [("me", model), ("empty", [Dense]()), ("cfg", ["n": 3])]
    let root = Module(["model": model, "optimizer": optimizer, "step": Variable<Int64>(41)])
    let saved = try SavedObjects(root, [("save_counter", Variable<Int64>(1))])
    #expect(
      saved.edges == [
        "0: model 1, optimizer 2, step 3, save_counter 4",
        "1: zed 5, a 6, layers 7, tables 8, pair 9, shared 10, me 1, empty 11, cfg 12",
        "2: beta1_power 13, beta2_power 14", "3: ", "4: ", "5: kernel 10, bias 15",
        "6: kernel 16, bias 17", "7: 0 5, 1 6, 2 18", "8: x 19, a.b/c 20, lst 21",
        "9: 0 10, 1 22", "10: ", "11: ", "12: ", "13: ", "14: ", "15: ", "16: ", "17: ", "18: ",
        "19: ", "20: ", "21: 0 23", "22: ", "23: ", "24: ", "25: ", "26: ", "27: ",
      ])
    #expect(
      saved.graph.nodes[2].slotVariables == [
        .init(original: 10, slotName: "m", node: 24), .init(original: 17, slotName: "m", node: 25),
        .init(original: 10, slotName: "v", node: 26), .init(original: 17, slotName: "v", node: 27),
      ])
    #expect(
      saved.graph.nodes.indices.filter { saved.graph.nodes[$0].hasCheckpointValues == false } == [
        11, 12,
      ])
    #expect(
      saved.places == [
        "step", "save_counter", "model/shared", "optimizer/beta1_power", "optimizer/beta2_power",
        "model/zed/bias", "model/a/kernel", "model/a/bias", "model/layers/2", "model/tables/x",
        "model/tables/a..b.Sc", "model/pair/1", "model/tables/lst/0",
        "model/shared/.OPTIMIZER_SLOT/optimizer/m", "model/a/bias/.OPTIMIZER_SLOT/optimizer/m",
        "model/shared/.OPTIMIZER_SLOT/optimizer/v", "model/a/bias/.OPTIMIZER_SLOT/optimizer/v",
      ])
    let first: [UInt8] =
      [0x0A, 0x3A, 0x0A, 0x09, 0x08, 0x01, 0x12, 0x05] + Array("model".utf8)
      + [0x0A, 0x0D, 0x08, 0x02, 0x12, 0x09] + Array("optimizer".utf8)
      + [0x0A, 0x08, 0x08, 0x03, 0x12, 0x04] + Array("step".utf8)
      + [0x0A, 0x10, 0x08, 0x04, 0x12, 0x0C] + Array("save_counter".utf8)
      + [0x2A, 0x02, 0x08, 0x01, 0x0A, 0x5E]
    #expect(saved.graph.message.starts(with: first))
    model.properties = []
  }

  @Test func `reads what old releases wrote`() throws {
    // A node with an optional attribute, and without the mark of values.
    let attribute: [UInt8] = [0x0A, 1, 0x61, 0x1A, 1, 0x6B, 0x20, 1]
    let node: [UInt8] = [0x12, UInt8(attribute.count)] + attribute
    let graph = try ObjectGraph(message: ([0x0A, UInt8(node.count)] + node).span)
    #expect(graph.nodes[0].attributes.map(\.isOptional) == [true])
    #expect(graph.nodes[0].hasCheckpointValues == nil)
    #expect(try graph.saved().mayHaveValues(0))
    #expect(try ObjectGraph(message: graph.message.span) == graph)
  }

  @Test func `reads the name of a registered saver, and passes over unknown fields`() throws {
    let saver: [UInt8] = [0x22, 8, 0x0A, 1, 0x73, 0x12, 1, 0x6F, 0x40, 9]
    let node = saver + [0x3A, 1, 0]
    let graph = try ObjectGraph(message: ([0x10, 5, 0x0A, UInt8(node.count)] + node).span)
    #expect(graph.nodes[0].registeredSaver == "s")
    #expect(try graph.saved().mayHaveValues(0))
  }
}

private final class Adam: SlotVariableHolder {
  let slots = SlotVariables<Variable<Float>>("m", "v")

  init(_ variables: Variable<Float>...) {
    for variable in variables {
      for name in slotNames { _ = slots[name, of: variable] }
    }
  }

  func registerDependencies(in registrar: inout DependencyRegistrar) {
    registrar.track(Variable<Float>(0), as: "beta1_power")
    registrar.track(Variable<Float>(0), as: "beta2_power")
  }
}
