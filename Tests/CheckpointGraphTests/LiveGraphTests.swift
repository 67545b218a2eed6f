import CheckpointGraph
import CheckpointIO
import CheckpointTensors
import Testing

/// Proves that objects are numbered and named as TensorFlow numbers and names them.
@Suite struct LiveGraphTests {
  @Test func `numbers breadth first, children in the order of registration`() throws {
    let saved = try SavedObjects(Module(["b": Dense(), "a": [Dense()], "w": Variable<Float>(1)]))
    #expect(
      saved.edges == [
        "0: b 1, a 2, w 3", "1: kernel 4, bias 5", "2: 0 6", "3: ", "4: ", "5: ",
        "6: kernel 7, bias 8", "7: ", "8: ",
      ])
    #expect(saved.places == ["w", "b/kernel", "b/bias", "a/0/kernel", "a/0/bias"])
  }

  @Test func `makes one node of a shared object, named by the shortest way`() throws {
    let layer = Dense()
    let saved = try SavedObjects(Module(["model": Module(["zed": layer]), "w": layer.kernel]))
    #expect(saved.places == ["w", "model/zed/bias"])
    #expect(saved.edges[3] == "3: kernel 2, bias 4")
  }

  @Test func `follows a cycle once, and keeps an edge to the root`() throws {
    let root = Module([:])
    let child = Module(["parent": root, "w": Variable<Float>(1)])
    child.properties.append(("me", child))
    root.properties = [("child", child), ("root", root)]
    let saved = try SavedObjects(root)
    #expect(saved.edges == ["0: child 1, root 0", "1: parent 0, w 2, me 1", "2: "])
    root.properties = []  // it would keep itself alive
    child.properties = []
  }

  @Test func `keeps one edge of two to the same object under one name`() throws {
    let layer = Dense()
    let saved = try SavedObjects(Module(["a": layer, "a": layer]))
    #expect(saved.edges[0] == "0: a 1")
  }

  @Test func `refuses two objects under one name, and names both`() {
    let error = #expect(throws: CheckpointError.self) {
      try SavedObjects(Module(["a": Dense(), "a": Variable<Float>(1)]))
    }
    #expect(error?.code == .duplicateName)
    #expect(error?.message == "Module: two things have the name 'a', Dense and Variable<Float>")
  }

  @Test func `tells composed names from decomposed ones`() throws {
    let saved = try SavedObjects(Module(["é": Variable(1.0), "e\u{301}": Variable(2.0)]))
    #expect(saved.values.count == 2)
    #expect(saved.values[0].key != saved.values[1].key)
  }

  @Test func `marks what has values, also through a cycle`() throws {
    let below = Module([:])
    let root = Module(["empty": Module([:]), "full": below, "list": [Dense]()])
    below.properties = [
      ("root", root), ("w", Variable(1.0)), ("hollow", Module(["x": Module([:])])),
    ]
    let saved = try SavedObjects(root)
    let marks = saved.graph.nodes.map(\.hasCheckpointValues)
    // The root, empty, full, list, w, hollow, x.
    #expect(marks == [true, false, true, false, true, false, false])
    below.properties = []
  }

  @Test func `names variables by their own name, else by their place`() throws {
    let own = Variable<Float>(1, name: "dense/kernel")
    let saved = try SavedObjects(Module(["a": own, "b": Dense()]))
    #expect(saved.fullNames == ["dense/kernel", "b/kernel", "b/bias"])
    #expect(Set(saved.fullNames).count == saved.fullNames.count)
  }

  @Test func `stores states behind the tensors, without a full name`() throws {
    let saved = try SavedObjects(Module(["a": Text("x"), "b": Variable(1.0)]))
    #expect(saved.values.map(\.key) == ["b/.ATTRIBUTES/VARIABLE_VALUE", "a/.ATTRIBUTES/py_state"])
    #expect(saved.fullNames == ["", "b"])
  }

  @Test func `appends slot variables, by optimizer, slot name and variable`() throws {
    let (a, b) = (Variable<Float>([1, 2], name: "first"), Variable<Float>([3]))
    let optimizer = Momentum(["v", "m"])
    for (slot, variable) in [("m", a), ("v", a), ("m", b)] {
      _ = optimizer.slots[slot, of: variable]
    }
    let saved = try SavedObjects(Module(["optimizer": optimizer, "b": b, "a": a]))
    #expect(
      saved.graph.nodes[1].slotVariables == [
        .init(original: 3, slotName: "v", node: 4), .init(original: 2, slotName: "m", node: 5),
        .init(original: 3, slotName: "m", node: 6),
      ])
    #expect(
      saved.places.suffix(3) == [
        "a/.OPTIMIZER_SLOT/optimizer/v", "b/.OPTIMIZER_SLOT/optimizer/m",
        "a/.OPTIMIZER_SLOT/optimizer/m",
      ])
    #expect(
      saved.fullNames.suffix(3) == ["optimizer/first/v", "optimizer/b/m", "optimizer/first/m"])
  }

  @Test func `saves no slot variables of variables that are not there`() throws {
    let (w, optimizer) = (Variable<Float>(1), Momentum())
    _ = optimizer.slots["momentum", of: w]
    #expect(try SavedObjects(Module(["optimizer": optimizer])).values.isEmpty)
  }

  @Test func `refuses a slot variable that is a dependency too`() throws {
    let (w, optimizer) = (Variable<Float>(1), Momentum())
    let slot = optimizer.slots["momentum", of: w]
    let error = #expect(throws: CheckpointError.self) {
      try SavedObjects(Module(["w": w, "o": optimizer, "slot": slot]))
    }
    #expect(
      error?.message
        == "Momentum: the slot variable 'momentum' of 'w' is registered as a dependency too; it is "
        + "stored as one or the other")
  }

  @Test(.timeLimit(.minutes(20))) func `walks a chain of 10,000 objects`() throws {
    var node = Module(["w": Variable(1.0)])
    for _ in 0..<10_000 { node = Module(["n": node]) }
    let saved = try SavedObjects(node)
    #expect(saved.graph.nodes.count == 10_002)
    #expect(saved.places.map(\.utf8.count) == [20_001])
    Self.takeApart(node)
  }

  // Releasing a long chain at once takes as many stack frames.
  private static func takeApart(_ start: Module) {
    var node = start
    while let next = node.properties.first?.value as? Module {
      node.properties = []
      node = next
    }
  }

  @Test func `puts what is attached behind the root's own`() throws {
    let root = Module(["b": Variable(1.0)])
    let saved = try SavedObjects(root, [("a", Variable(2.0)), ("root", root)])
    #expect(saved.edges[0] == "0: b 1, a 2, root 0")
  }
}

final class Text: StateRepresentable {
  var text: String
  init(_ text: String) { self.text = text }
  func stateBytes() -> [UInt8] { Array(text.utf8) }
  func restoreState(_ bytes: [UInt8]) { text = String(decoding: bytes, as: UTF8.self) }
}
