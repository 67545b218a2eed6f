import Checkpoints

func whatStays() throws {
  try Saver(["w": Variable<Float>(1)]).save(to: "run/model", step: 1000)

  let reader = try CheckpointReader("run/model-1000")
  switch reader.format {
  case .v2: print("TensorFlow's newer format")
  default: print("another one")  // later versions may know more
  }

  expect(reader.format == .v2)
}
