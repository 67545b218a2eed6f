import CheckpointPlans
import CheckpointTensors
import CheckpointIO
import CheckpointGraph
import CheckpointBundle
import CheckpointTestSupport
import Checkpoints
import Testing

/// Proves that variables can be changed in place while a save in the background reads them: run with
/// `--sanitize=thread`, that no reading and no writing are at the same time.
@Suite struct SnapshotSharingTests {
  private final class Model: Checkpointable {
    let variables = (0..<8).map { _ in Variable<Float>(repeating: 0, shape: [20, 30]) }
    let names = Variable<String>(["0", "0"])

    /// Gives all elements the same number: in place, where nobody shares the memory.
    func set(_ number: Int) {
      for variable in variables {
        variable.withMutableScalars { for index in $0.indices { $0[index] = Float(number) } }
      }
      for index in 0..<2 { names.value[index] = "\(number)" }
    }
  }

  @Test func `saves one moment's values while the program changes them in place`() throws {
    let system = MemoryFileSystem()
    var options = SaveOptions()
    options.fileSystem = system
    let model = Model()
    let manager = try CheckpointManager(
      Checkpoint(["model": model], options: options), directory: "/run", retention: .latest(50))
    let modes: [CheckpointManager.WhenBusy] = [.skip, .coalesce, .wait]
    for step in 1...200 {
      model.set(step)
      try manager.saveInBackground(whenBusy: modes[step % 3])
    }
    try manager.waitUntilFinished()
    for checkpoint in manager.checkpoints {
      let reader = try BundleReader(prefix: checkpoint.path, fileSystem: system)
      var numbers: Set<Float> = []
      for entry in try reader.entries() where entry.key.description.hasPrefix("model/variables/") {
        numbers.formUnion(try Tensor<Float>(reader.tensor(for: entry.key)).array)
      }
      let names = try Tensor<String>(reader.tensor(for: "model/names/.ATTRIBUTES/VARIABLE_VALUE"))
        .array
      #expect(numbers.count == 1 && Set(names) == [numbers.first.map { "\(Int($0))" } ?? ""])
    }
  }

  @Test func `hands out its values once`() throws {
    let snapshot = SaveSnapshot { () throws(CheckpointError) in try SavePlan(items: []) }
    #expect(try snapshot.takePlan().items.isEmpty)
    let error = #expect(throws: CheckpointError.self) { try snapshot.takePlan() }
    #expect(error?.message == "the values of a snapshot are handed out once")
  }
}
