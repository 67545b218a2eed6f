import CheckpointIO
import CheckpointTensors
import CheckpointTestSupport
import Checkpoints
import Foundation
import Testing

/// An object whose properties are others from save to save.
private final class Changing: Checkpointable {
  var properties: [(name: String, object: any Checkpointable)] = []

  func registerDependencies(in registrar: inout DependencyRegistrar) {
    for property in properties { registrar.track(property.object, as: property.name) }
  }
}

private final class Optimizer: SlotVariableHolder {
  let slots = SlotVariables<Variable<Float>>("momentum")
}

/// A group that calls its tensors something else from save to save.
private final class Counts: TensorGroup {
  var attributeName: String? = "table"
  var names = ["-keys", "-values"]

  var groupTensors: [GroupTensor] { names.map { GroupTensor($0, .int64) } }
  func serializeToTensors() throws(CheckpointError) -> [AnyTensor] {
    names.map { AnyTensor(Tensor<Int64>([Int64($0.utf8.count), 7])) }
  }
  func restoreFromTensors(_ tensors: [AnyTensor]) throws(CheckpointError) {}
}

/// The program of one process.
private struct Program {
  let model = Changing()
  let optimizer = Optimizer()
  let counts = Counts()
  let weights = Variable<Float>([1, 2, 3, 4], name: "weights")
  let position = RunState(0)
  let seed = RunState(7)
  let group: any ProcessGroup

  init(_ group: any ProcessGroup) {
    self.group = group
    model.properties = [
      ("weights", weights), ("bias", Variable<Float>([5, 6], name: "bias")), ("table", counts),
      ("caf\u{E9}", Variable<Int32>([7])), ("position", PerProcess(position, of: group)),
      ("seed", PerProcess(seed, of: group)),
    ]
  }

  /// What happens between two saves, each step by itself.
  static let changes: [(String, @Sendable (Program) throws -> Void)] = [
    ("nothing", { _ in }),
    ("values", { $0.weights.value = Tensor([4, 3, 2, 1]) }),
    ("more values", { $0.weights.value = Tensor(repeating: 8, shape: [1_000]) }),
    ("fewer values", { $0.weights.value = Tensor([1, 2, 3, 4]) }),
    ("a state of the process", { $0.position.value = $0.group.rank + 3 }),
    ("another state of the process", { $0.seed.value = 10 * $0.group.rank }),
    ("a property's name", { $0.model.properties[1].name = "offset" }),
    ("another name as long", { $0.model.properties[1].name = "octets" }),
    ("bytes of a name that means the same", { $0.model.properties[3].name = "cafe\u{301}" }),
    ("a variable's name", { $0.model.properties[1].object = Variable<Float>([5, 6], name: "b") }),
    ("no name", { $0.model.properties[1].object = Variable<Float>([5, 6]) }),
    ("a shape", { $0.model.properties[1].object = Variable<Float>([5, 6, 7]) }),
    ("a dtype", { $0.model.properties[1].object = Variable<Double>([5, 6, 7]) }),
    ("the order", { $0.model.properties.swapAt(0, 1) }),
    ("two ways to one object", { $0.model.properties.append(("again", $0.weights)) }),
    ("two objects", { $0.model.properties[6].object = Variable<Float>([1, 2, 3, 4]) }),
    ("a slot variable", { _ = $0.optimizer.slots["momentum", of: $0.weights] }),
    ("names in a group", { $0.counts.names = ["-keys", "-sums"] }),
    (
      "the name of a group",
      {
        $0.counts.attributeName = nil; $0.counts.names = ["k", "v"]
      }
    ),
    ("a state that all have", { $0.model.properties[4].object = RunState("all") }),
    (
      "parts of a variable",
      {
        let parts: [(TensorSlice, any TensorVariable)] = (0..<2).map {
          (TensorSlice(starts: [2 * $0], shape: [2]), Variable<Float>([Float($0), 9]))
        }
        $0.model.properties[6].object = try PartitionedVariable(parts, shape: [4])
      }
    ),
    ("one object less", { $0.model.properties.remove(at: 3) }),
  ]

  var objects: KeyValuePairs<String, any Checkpointable> {
    ["model": model, "optimizer": optimizer]
  }
}

/// Proves that what a checkpoint remembers of its last save is never in the next one.
@Suite struct ChangedObjectsTests {
  private let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory("changed") }

  /// Saves after each change with a checkpoint that has saved before, and with a new one, and says where the files
  /// are not the same.
  private static func differences(
    _ rank: Int, of count: Int, in directory: String, inBackground: Bool
  ) throws -> [String] {
    let group = try LaunchedProcesses(rank: rank, count: count, job: "test")
    let options = SaveOptions(durability: .none, processes: count > 1 ? group : nil)
    let program = Program(group)
    let used = try Checkpoint(program.objects, options: options)
    var different: [String] = []
    for (number, (name, change)) in Program.changes.enumerated() {
      try change(program)
      let new = try Checkpoint(program.objects, options: options)
      let paths = try [used, new].map { checkpoint in
        let place = "\(directory)/\(number)-\(checkpoint === used ? "used" : "new")"
        guard inBackground else { return try checkpoint.write(to: "\(place)/ckpt") }
        checkpoint.saveCounter.value[] = 0
        let manager = try CheckpointManager(checkpoint, directory: place, retention: .all)
        return try manager.saveInBackground()?.wait()?.path ?? ""
      }
      guard rank == 0 else { continue }
      for suffix in [".index"]
        + (0..<count).map({ String(format: ".data-%05d-of-%05d", $0, count) })
      where try contents(paths[0] + suffix) != contents(paths[1] + suffix) {
        different.append(name + suffix)
      }
    }
    return different
  }

  private static func contents(_ path: String) throws -> Data {
    try Data(contentsOf: URL(fileURLWithPath: path))
  }

  @Test(arguments: [1, 2, 3], [false, true])
  func `a checkpoint that has saved before writes what a new one does`(
    count: Int, inBackground: Bool
  ) throws {
    let path = directory.path
    let found = together(count) { rank in
      try Self.differences(rank, of: count, in: path, inBackground: inBackground)
    }
    for result in found { #expect(try result.get() == []) }
  }
}
