import CheckpointStore
import CheckpointBundle
import CheckpointIO
import CheckpointTensors
import CheckpointTestSupport
import Checkpoints
import Foundation
import Testing

/// Proves that a process killed at any moment of a save leaves the checkpoint that stood there or
/// the new one, whole, and that the next save cleans up.
@Suite struct CrashSafetyTests {
  private let others: SavingProcess

  init() throws { others = try SavingProcess() }

  /// What is saved, over what.
  struct Scenario: CustomTestStringConvertible, Sendable {
    let testDescription: String
    /// How many data files the old checkpoint has; 0 if there is none.
    let oldShards: Int
    let newShards: Int
    /// Whether the name-based saver saves, which keeps the state file.
    var keepsState = false

    /// What `crashing-saver` calls the way to save.
    var mode: String { keepsState ? "state" : "bundle" }
  }

  static let scenarios = [
    Scenario(testDescription: "a new prefix", oldShards: 0, newShards: 1),
    Scenario(testDescription: "over one data file", oldShards: 1, newShards: 1),
    Scenario(testDescription: "three over two data files", oldShards: 2, newShards: 3),
    Scenario(testDescription: "one over three data files", oldShards: 3, newShards: 1),
    Scenario(
      testDescription: "by name, with the state file", oldShards: 1, newShards: 1, keepsState: true),
  ]

  @Test(arguments: scenarios)
  func `keeps the old checkpoint or has the new one, wherever it is killed`(scenario: Scenario)
    throws
  {
    let callCount = try #require(Int(run(scenario, killedAt: .max).output.dropLast()))
    #expect(callCount > 10)
    for call in TestCases.every(9, of: 0..<callCount) {
      let outcome = try run(scenario, killedAt: call)
      #expect(outcome.wasKilled, "call \(call) of \(callCount)")
    }
  }

  /// Prepares a directory, saves in a child process that is killed, and judges what is left.
  private func run(_ scenario: Scenario, killedAt call: Int) throws -> ChildProcess.Outcome {
    let directory = try TemporaryDirectory("crash")
    let prefix = directory.path("model")
    if scenario.oldShards > 0 {
      try others.save(1, scenario.mode, count: scenario.oldShards, to: prefix)
    }
    let outcome = try save(2, scenario, shards: scenario.newShards, to: prefix, killedAt: call)
    let value = try valueAt(prefix)
    if !outcome.wasKilled { #expect(value == 2) }
    if scenario.oldShards > 0 { #expect(value != nil, "call \(call): nothing is left") }
    if let latest = try CheckpointDirectory(directory.path).latest() { #expect(latest == prefix) }

    // The next save, here to another prefix, finds nothing in its way and clears up.
    try others.save(3, scenario.mode, to: directory.path("next"))
    #expect(try valueAt(prefix) == value, "call \(call)")
    let checkpoints = value == nil ? ["next"] : ["model", "next"]
    let litter = directory.names.filter { name in
      name != "checkpoint" && !checkpoints.contains { belongs(name, to: $0, in: directory) }
    }
    #expect(litter.isEmpty, "call \(call): \(litter)")
    return outcome
  }

  private func save(
    _ value: Int, _ scenario: Scenario, shards: Int, to prefix: String, killedAt call: Int
  ) throws -> ChildProcess.Outcome {
    let outcome = try ChildProcess.run(
      "crashing-saver", [prefix, "\(value)", "\(shards)", scenario.mode, "\(call)"])
    #expect(outcome.wasKilled || outcome.status == 0, "\(outcome.errors)")
    return outcome
  }

  /// The one value of all elements of all tensors; `nil` if there is no checkpoint.
  private func valueAt(_ prefix: String) throws -> Float? {
    guard FileManager.default.fileExists(atPath: prefix + ".index") else { return nil }
    let reader = try BundleReader(prefix: prefix)
    var values: Set<Float> = []
    for entry in try reader.entries() {
      values.formUnion(try Tensor<Float>(reader.tensor(for: entry.key)).array)
    }
    #expect(values.count == 1, "a mixture of \(values)")
    return values.first
  }

  /// Whether a file is the index or one of the data files that the index counts.
  private func belongs(_ name: String, to prefix: String, in directory: TemporaryDirectory) -> Bool
  {
    guard name != prefix + ".index" else { return true }
    let count = (try? BundleReader(prefix: directory.path(prefix)).shardCount) ?? 0
    return (0..<count).contains { name == BundlePath(prefix).data(shard: $0, of: count) }
  }
}
