import Checkpoints

func checkpointKeys() throws {
  try keysOfObjects()
  try keysOfSlotsAndStates()
  let v = Variable<Float>(1)
  let path = try Checkpoint(["a.b/c": v]).write(to: "run/names")
  expect(try ObjectGraph(at: path).nodes[1].attributes[0].key.hasPrefix("a..b.Sc/.ATTRIBUTES/"))
  expect(try ObjectGraph(at: path).node(at: "a..b.Sc") == 1)
}

private func keysOfObjects() throws {
  let model = Classifier()
  let step = Variable<Int64>(0, name: "global_step")
  let checkpoint = try Checkpoint(["model": model, "step": step])
  let path = try checkpoint.save(to: "run/ckpt")  // run/ckpt-1

  let graph = try ObjectGraph(at: path)
  print(graph)  // the tree above
  let bias = graph.node(at: "model/heads/1/bias")  // 13
  print(graph.nodes[bias ?? 0].attributes[0].key)
  print(graph.keyMapping["global_step"] ?? [])  // ["step/.ATTRIBUTES/VARIABLE_VALUE"]

  expect(bias == 13)
  expect(graph.keyMapping["global_step"] == ["step/.ATTRIBUTES/VARIABLE_VALUE"])
}

private func keysOfSlotsAndStates() throws {
  let (w, optimizer) = (Variable<Float>([1, 2]), Momentum())
  _ = optimizer.slots["momentum", of: w]
  let progress = RunState(Progress(epoch: 3, seed: 7))
  let checkpoint = try Checkpoint(["w": w, "optimizer": optimizer, "progress": progress])
  let path = try checkpoint.write(to: "run/slots")
  let keys = try CheckpointReader(path).entries().map(\.key.description)
  expect(
    keys == [
      "_CHECKPOINTABLE_OBJECT_GRAPH",
      "optimizer/rate/.ATTRIBUTES/VARIABLE_VALUE",
      "progress/.ATTRIBUTES/py_state",
      "w/.ATTRIBUTES/VARIABLE_VALUE",
      "w/.OPTIMIZER_SLOT/optimizer/momentum/.ATTRIBUTES/VARIABLE_VALUE",
    ]
  )
  let state = try CheckpointReader(path).tensor(for: "progress/.ATTRIBUTES/py_state")
  expect(state.strings == [Array(#"{"epoch":3,"seed":7}"#.utf8)])
  let names = try ObjectGraph(at: path).keyMapping.keys.sorted()
  expect(names == ["optimizer/rate", "optimizer/w/momentum", "w"])
}
