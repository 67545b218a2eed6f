import CheckpointStore
import CheckpointGraph
import CheckpointTestSupport
import Checkpoints
import Testing

/// Proves that objects are saved with the keys and bytes that TensorFlow gives the same structure,
/// and that each restores what the other has saved.
@Suite(.enabled(if: TensorFlow.isInstalled), .serialized)
struct ObjectInteropTests {
  let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  /// Lets TensorFlow save a structure.
  private func theirs(_ structure: Structure) throws -> String {
    let answer = try TensorFlow.shared.ask([
      "cmd": "build_objects", "structure": structure.rawValue,
      "prefix": directory.path("theirs/ckpt"),
    ])
    return try #require(answer["prefix"] as? String)
  }

  private func expectSameFiles(_ prefix: String, _ other: String) throws {
    let (one, two) = (
      String(prefix.dropFirst(directory.path.utf8.count + 1)),
      String(other.dropFirst(directory.path.utf8.count + 1))
    )
    for suffix in [".index", ".data-00000-of-00001"] {
      #expect(try directory.bytes(one + suffix) == directory.bytes(two + suffix), "\(suffix)")
    }
  }

  @Test(arguments: Structure.allCases)
  func `saves the bytes that TensorFlow saves`(structure: Structure) throws {
    let theirs = try theirs(structure)
    let ours = try structure.save(to: directory.path("ours/ckpt"))
    // The graphs first: a difference there can be read.
    let (saved, expected) = try (ObjectGraph(at: ours), ObjectGraph(at: theirs))
    #expect(saved.nodes.count == expected.nodes.count)
    for (number, (node, other)) in zip(saved.nodes, expected.nodes).enumerated() {
      #expect(node == other, "node \(number)")
    }
    try expectSameFiles(ours, theirs)
  }

  @Test(arguments: Structure.allCases)
  func `restores what TensorFlow has saved`(structure: Structure) throws {
    let theirs = try theirs(structure)
    try structure.restore(from: theirs, writing: directory.path("again/ckpt"))
    try expectSameFiles(directory.path("again/ckpt"), theirs)
  }

  @Test(arguments: Structure.allCases)
  func `is restored by TensorFlow, which finds everything consumed`(structure: Structure) throws {
    let ours = try structure.save(to: directory.path("ours/ckpt"))
    _ = try TensorFlow.shared.ask([
      "cmd": "restore_objects", "structure": structure.rawValue, "prefix": ours,
      "again": directory.path("again/ckpt"),
    ])
    try expectSameFiles(ours, directory.path("again/ckpt"))
  }

  @Test(arguments: [Structure.twice, .everything, .rootCounter])
  func `leaves the state file that TensorFlow leaves`(structure: Structure) throws {
    _ = try theirs(structure)
    _ = try structure.save(to: directory.path("ours/ckpt"))
    #expect(try directory.bytes("ours/checkpoint") == directory.bytes("theirs/checkpoint"))
  }
}
