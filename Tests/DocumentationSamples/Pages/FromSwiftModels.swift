import Checkpoints

struct Convolution: CheckpointableValue {
  var filter: Tensor<Float>
  var bias: Tensor<Float>

  static func registerFields(in fields: inout FieldRegistrar<Self>) {
    fields.tensor("filter", \.filter)
    fields.tensor("bias", \.bias)
  }
}

struct LeNet: CheckpointableValue {
  var conv1: Convolution
  var blocks: [Convolution]

  static func registerFields(in fields: inout FieldRegistrar<Self>) {
    fields.value("conv1", \.conv1)
    fields.values("blocks", \.blocks)
  }
}

func fromSwiftModels() throws {
  var writer = try CheckpointWriter(to: "lenet/LeNet")  // as swift-models has written it
  try writer.add(Tensor<Float>(repeating: 2, shape: [1, 1, 1, 3]), for: "conv1/filter")
  try writer.add(Tensor<Float>([1, 2, 3]), for: "conv1/bias")
  try writer.finish()
  let convolution = Convolution(
    filter: Tensor(repeating: 0, shape: [1, 1, 1, 3]), bias: Tensor(repeating: 0, shape: [3]))

  let model = Tracked(LeNet(conv1: convolution, blocks: []))
  let status = try Checkpoint(model).restore(
    from: "lenet/LeNet", options: RestoreOptions(.partial))
  print(model.value.conv1.bias.array)

  expect(status.missing.isEmpty || status.missing == ["save_counter"])
  expect(model.value.conv1.bias.array == [1, 2, 3])
  expect(model.value.conv1.filter.array == [2, 2, 2])
}
