import Checkpoints

func mappingNames() throws {
  let stored = Variable<Float>(Tensor(shape: [2, 3], scalars: [1, 2, 3, 4, 5, 6]))
  let slot = Variable<Float>(repeating: 0, shape: [2, 3])
  let names = "bert/layer_0/x/kernel"
  try Saver([names: stored, "\(names)/adam_m": slot]).save(to: "run/model")
  let kernel = Variable<Float>(repeating: 0, shape: [3, 2])
  let saver = try Saver(["encoder/layers/0/x/kernel": kernel])

  let mapping: KeyMapping = [
    .prefix("bert/", to: "encoder/"),
    .replace(#"layer_(\d+)/"#, with: "layers/$1/"),
    .transform(.suffix("/kernel"), .transpose([1, 0])),
    .drop(.regex("/adam_[mv]$")),
  ]
  try saver.restore(from: "run", mapping: mapping)

  expect(kernel.value.array == [1, 4, 2, 5, 3, 6])

  let reader = try CheckpointReader("run")
  let proposal = try KeyMapping.Proposal(from: reader, to: saver)
  print(proposal)

  expect(proposal.pairs.map(\.stored) == [TensorKey(names)])
}
