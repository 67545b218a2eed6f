import CheckpointStore
import CheckpointTensors
import CheckpointTestSupport
import Checkpoints
import Testing

/// Proves that TensorFlow and this library can save in one directory at the same time, by a manager and by a
/// Saver each: nobody's checkpoint is damaged or deleted by the other, and each reads all.
@Suite(.enabled(if: TensorFlow.isInstalled))
struct BesideTensorFlowTests {
  private static let count = 30

  @Test(.timeLimit(.minutes(20)))
  func `both save in one directory at once, and each reads what the other has saved`() throws {
    let directory = try TemporaryDirectory("beside")
    let path = directory.path
    let results = together(2) { side in
      if side == 0 { try Self.saveOurs(in: path) } else { try Self.saveTheirs(in: path) }
    }
    for result in results { try result.get() }

    let last = (Self.count - 2)...Self.count
    let names = ["ours", "our_saver", "theirs", "their_saver"]
    for name in names {
      for number in last {
        let prefix = directory.path("\(name)-\(number)")
        #expect(try value(prefix) == Float(number), "\(prefix)")
        #expect(try TensorFlow.shared.dump(prefix) == summaries(prefix), "\(prefix)")
      }
    }
    let indexes = directory.names.filter { $0.hasSuffix(".index") }
    #expect(indexes.count == names.count * last.count, "\(directory.names)")
    let litter = directory.names.filter { $0.contains("swift-checkpoints") || $0.contains("tmp") }
    #expect(litter == [])
  }

  private static func saveOurs(in directory: String) throws {
    let variables = ["a", "b", "c"].map { Variable<Float>(repeating: 0, shape: [1000], name: $0) }
    let checkpoint = try Checkpoint(["a": variables[0], "b": variables[1], "c": variables[2]])
    let manager = try CheckpointManager(
      checkpoint, directory: directory, name: "ours", retention: .latest(3))
    var settings = Saver.Settings()
    settings.retention = .latest(3)
    let saver = try Saver(variables, settings: settings)
    for step in 1...count {
      for variable in variables {
        variable.value = Tensor(repeating: Float(step), shape: [1000])
      }
      try manager.save()
      try saver.save(to: "\(directory)/our_saver", step: step)
    }
  }

  private static func saveTheirs(in directory: String) throws {
    _ = try TensorFlow.shared.ask(["cmd": "save_beside", "directory": directory, "count": count])
  }

  // The one value of all numbers; a mixture is a failure.
  private func value(_ prefix: String) throws -> Float? {
    let reader = try CheckpointReader(prefix)
    var values: Set<Float> = []
    for entry in try reader.entries() where entry.spec.dtype == .float32 {
      values.formUnion(try Tensor<Float>(reader.tensor(for: entry.key)).array)
    }
    #expect(values.count == 1, "\(prefix): a mixture of \(values)")
    return values.first
  }

  private func summaries(_ prefix: String) throws -> [TensorSummary] {
    let reader = try CheckpointReader(prefix)
    return try reader.entries().map { TensorSummary($0.key, try reader.tensor(for: $0.key)) }
  }
}
