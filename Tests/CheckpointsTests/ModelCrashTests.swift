import CheckpointStore
import CheckpointTensors
import CheckpointTestSupport
import Checkpoints
import Foundation
import Testing

/// Proves that a process killed at any moment of a save to a model directory leaves the model that stood there
/// or the new one, whole; that the next save cleans up; and that other files stay.
@Suite struct ModelCrashTests {
  /// How many files the models have, of which the last save is killed; 0 for none.
  struct Scenario: CustomTestStringConvertible, Sendable {
    let old: Int
    let new: Int
    var testDescription: String { "\(new) files over \(old)" }
  }

  private let others: SavingProcess

  init() throws { others = try SavingProcess() }

  static let scenarios = [(0, 1), (0, 3), (1, 1), (1, 2), (2, 2), (3, 1), (2, 3)].map(
    Scenario.init)

  @Test(arguments: scenarios)
  func `has the old model or the new one, wherever it is killed`(scenario: Scenario) throws {
    let calm = try run(scenario, killedAt: .max).output.split(separator: "\n")
    let callCount = try #require(calm.last.flatMap { Int($0) })
    #expect(callCount > 10)
    for call in TestCases.every(11, of: 0..<callCount) {
      #expect(try run(scenario, killedAt: call).wasKilled, "call \(call) of \(callCount)")
    }
  }

  private func run(_ scenario: Scenario, killedAt call: Int) throws -> ChildProcess.Outcome {
    let directory = try TemporaryDirectory("model-crash")
    let model = directory.path("m")
    if scenario.old > 0 {
      try others.save(1, "model", count: scenario.old, to: model)
      try directory.write("{}".utf8, to: "m/config.json")
    }
    let outcome = try save(2, scenario.new, to: model, killedAt: call)
    let value = try oneValue(model)
    if !outcome.wasKilled { #expect(value == 2) }
    if scenario.old > 0 { #expect(value != nil, "call \(call): nothing is left") }

    try others.save(3, "model", count: 2, to: model)
    #expect(try oneValue(model) == 3, "call \(call)")
    let reader = try CheckpointReader(model)
    #expect(reader.shardCount == 2)
    let files = Set(directory.names).subtracting(["m", "m/config.json", "checkpoint"])
    #expect(files.count == 3, "call \(call): \(files)")
    if scenario.old > 0 { #expect(directory.names.contains("m/config.json")) }
    return outcome
  }

  private func save(_ value: Float, _ files: Int, to path: String, killedAt call: Int) throws
    -> ChildProcess.Outcome
  {
    let outcome = try ChildProcess.run(
      "crashing-saver", [path, "\(value)", "\(files)", "model", "\(call)"])
    #expect(outcome.wasKilled || outcome.status == 0, "\(outcome.errors)")
    return outcome
  }

}
