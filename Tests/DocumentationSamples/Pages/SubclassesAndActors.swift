import Checkpoints

class Module: CheckpointableObject {
  var isTraining = true
}

final class Linear: Module {
  let kernel = Variable<Float>(repeating: 0, shape: [64, 10])  // found
  let bias = Variable<Float>(repeating: 0, shape: [10])  // found
}

final class Scale: Module {
  let offset = Variable<Float>(0)
  var factor: Float = 1

  override func registerDependencies(in registrar: inout DependencyRegistrar) {
    super.registerDependencies(in: &registrar)  // offset
    registrar.variable("factor", of: self, \.factor)
  }
}

class Legacy {
  let mean = Variable<Float>(repeating: 0, shape: [64])
}

class Block: Legacy, Checkpointable {
  func registerDependencies(in registrar: inout DependencyRegistrar) {
    registrar.trackProperties(of: self)
  }
}

final class Residual: Block {
  let shortcut = Variable<Float>(repeating: 0, shape: [64, 64])  // found
}

class Layered: CheckpointableObject {
  let norm = Variable<Float>(1)  // first
  let bias = Variable<Float>(2)  // second
}

final class DeepLayered: Layered {
  let depth = Variable<Float>(3)  // third
}

class Hiding: CheckpointableObject {
  private let norm = Variable<Float>(1)
}

final class Clashing: Hiding {
  let norm = Variable<Float>(2)
}

actor Trainer {
  private let model = Linear()
  private let checkpoint: Checkpoint

  init() throws { checkpoint = try Checkpoint(["model": model]) }

  func save(to path: String) throws -> String { try checkpoint.save(to: path) }
}

@MainActor
final class Settings: @MainActor Checkpointable {
  var step = 0

  func registerDependencies(in registrar: inout DependencyRegistrar) {
    registrar.variable("step", of: self, \.step)
  }
}

func subclassesAndActors() throws {
  try walkingAHierarchy()
  let checkpoint = try Checkpoint(["linear": Linear(), "scale": Scale(), "block": Residual()])
  let names = try ObjectGraph.keyMapping(at: checkpoint.write(to: "run/subclasses")).keys
  expect(
    Set(names) == [
      "linear/kernel", "linear/bias", "scale/offset", "scale/factor", "block/mean",
      "block/shortcut",
    ]
  )
}

private func walkingAHierarchy() throws {
  let path = try Checkpoint(DeepLayered()).write(to: "run/layered")
  let names = try ObjectGraph(at: path).nodes[0].children.map(\.name)
  expect(Array(names.prefix(3)) == ["norm", "bias", "depth"])
  do throws(CheckpointError) {
    _ = try Checkpoint(Clashing())
    fail("two properties of one name are no error")
  } catch {
    expect(error.code == .duplicateName && error.message.contains("norm"))
  }
}

@MainActor func objectsOfTheMainActor() throws {
  let settings = Settings()
  let checkpoint = try Checkpoint(["settings": settings])
  settings.step = 5
  let path = try checkpoint.save(to: "run/settings")
  settings.step = 9
  try checkpoint.restore(from: path).assertConsumed()
  expect(settings.step == 5)
}
