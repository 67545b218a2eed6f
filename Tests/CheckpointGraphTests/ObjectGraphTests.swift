import CheckpointGraph
import Testing

/// Proves what a saved graph answers about names and places.
@Suite struct ObjectGraphTests {
  @Test func `finds nodes by paths of names`() throws {
    let tables = Module(["a.b/c": Dense(), "": Module(["x": Variable(1.0)]), "é": Variable(2.0)])
    let graph = try SavedObjects(Module(["m": tables, "é\u{301}": Dense()])).graph
    #expect(graph.node(at: "") == 0)
    #expect(graph.node(at: "m") == 1)
    #expect(
      graph.node(at: "m/a..b.Sc/kernel").map { graph.nodes[$0].attributes[0].fullName }
        == "m/a..b.Sc/kernel")
    #expect(graph.node(at: "m//x") != nil)
    #expect(graph.node(at: "m/é") != nil)
    #expect(graph.node(at: "m/e\u{301}") == nil)
    #expect(graph.node(at: "n") == nil)
    #expect(graph.node(at: "m/a.b") == nil)
  }

  @Test func `maps full names to keys, all of them where a name is used twice`() throws {
    let graph = try SavedObjects(
      Module([
        "a": Variable(1.0, name: "Variable"), "b": Variable(2.0, name: "Variable"),
        "c": Variable(3.0, name: ""), "state": Text("x"), "d": Variable(4.0),
      ])
    ).graph
    #expect(
      graph.keyMapping == [
        "Variable": ["a/.ATTRIBUTES/VARIABLE_VALUE", "b/.ATTRIBUTES/VARIABLE_VALUE"],
        "d": ["d/.ATTRIBUTES/VARIABLE_VALUE"],
      ])
  }

  @Test func `prints a tree, with each object where it is nearest`() throws {
    let layer = Dense()
    let model = Module(["layer": layer, "text": Text("x")])
    let optimizer = Momentum()
    _ = optimizer.slots["momentum", of: layer.kernel]
    let root = Module(["model": model, "w": layer.kernel, "optimizer": optimizer])
    model.properties.append(("root", root))
    #expect(
      try SavedObjects(root).graph.description == """
        root #0
          model #1
            layer #4
              kernel -> #2
              bias #6 'model/layer/bias'
            text #5 [py_state]
            root -> #0
          w #2 'w'
          optimizer #3
            slot momentum #7 of #2 'optimizer/w/momentum'
        """)
    model.properties = []
  }
}
