import Checkpoints

func rescuingOldWeights() throws {
  let kernel = Tensor<Float>(shape: [2, 3], scalars: [1, 2, 3, 4, 5, 6])
  let name = "bert/encoder/layer_0/attention/self/query/kernel"
  try Saver([name: Variable(kernel), "global_step": Variable<Float>(7)]).save(to: "bert_model.ckpt")
  let query = Variable<Float>(repeating: 0, shape: [3, 2])

  let sets = try KeyMapping.RuleSet.recognizing(CheckpointReader("bert_model.ckpt"))
  print(sets.map(\.name))
  let model = try Saver(["bert.encoder.layer.0.attention.self.query.weight": query])
  try model.restore(from: "bert_model.ckpt", mapping: KeyMapping(named: "bert"))

  expect(query.value.array == [1, 4, 2, 5, 3, 6])
}
