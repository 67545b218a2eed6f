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
  let checkpoint = try Checkpoint(["linear": Linear(), "scale": Scale(), "block": Residual()])
  let names = try ObjectGraph.keyMapping(at: checkpoint.write(to: "run/subclasses")).keys
  expect(
    Set(names) == [
      "linear/kernel", "linear/bias", "scale/offset", "scale/factor", "block/mean",
      "block/shortcut",
    ]
  )
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
