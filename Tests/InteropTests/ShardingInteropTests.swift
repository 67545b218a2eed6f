import CheckpointTensors
import CheckpointPlans
import CheckpointBundle
import CheckpointTestSupport
import Checkpoints
import Foundation
import Testing

/// Proves that objects are spread over data files as TensorFlow's policies spread them, byte for byte,
/// and that TensorFlow restores them from there.
@Suite(.enabled(if: TensorFlow.isInstalled), .serialized)
struct ShardingInteropTests {
  static let structures = [Structure.nested, .adam, .twoOptimizers, .wide, .attached]

  private let directory: TemporaryDirectory
  init() throws { directory = try TemporaryDirectory() }

  // The same as `KeySum` in tensorflow_objects.py.
  private static let keySum = SaveOptions.Sharding.by { tensor in
    tensor.key.bytes.reduce(0) { $0 + Int($1) } % 3
  }

  private func save(_ structure: Structure, _ sharding: SaveOptions.Sharding) throws -> String {
    let checkpoint = try structure.checkpoint(Maker(isFresh: false))
    checkpoint.options.sharding = sharding
    return try checkpoint.write(to: directory.path("ours/ckpt"))
  }

  private func askToSave(_ structure: Structure, _ policy: [String: Any]) throws {
    let command: [String: Any] = [
      "cmd": "build_sharded_objects", "structure": structure.rawValue,
      "prefix": directory.path("theirs/ckpt"),
    ]
    _ = try TensorFlow.shared.ask(command.merging(policy) { $1 })
  }

  private func expectSameFiles() throws {
    let names = try names("ours")
    #expect(try names == self.names("theirs"))
    for name in names {
      let same = try directory.bytes("ours/\(name)") == directory.bytes("theirs/\(name)")
      #expect(same, "\(name)")
    }
  }

  private func names(_ folder: String) throws -> [String] {
    let names = try FileManager.default.contentsOfDirectory(atPath: directory.path(folder))
    return names.filter { !$0.hasSuffix("lock") }.sorted()
  }

  // What TensorFlow has restored, it writes without sharding; so do we.
  private func expectRestored(_ structure: Structure, from prefix: String) throws {
    _ = try TensorFlow.shared.ask([
      "cmd": "restore_objects", "structure": structure.rawValue, "prefix": prefix,
      "again": directory.path("again/ckpt"),
    ])
    try structure.checkpoint(Maker(isFresh: false)).write(to: directory.path("whole/ckpt"))
    for suffix in [".index", ".data-00000-of-00001"] {
      let again = try directory.bytes("again/ckpt" + suffix)
      #expect(try again == directory.bytes("whole/ckpt" + suffix), "\(suffix)")
    }
  }

  @Test(arguments: structures)
  func `a rule spreads objects as TensorFlow's callback does`(structure: Structure) throws {
    let prefix = try save(structure, Self.keySum)
    #expect(try BundleReader(prefix: prefix).shardCount > 1)
    try askToSave(structure, [:])
    try expectSameFiles()
    try expectRestored(structure, from: prefix)
  }

  @Test(arguments: structures, [8, 20, 64, 1 << 20])
  func `a size at most spreads objects as TensorFlow's policy does`(
    structure: Structure, maxBytes: Int
  ) throws {
    let prefix = try save(structure, .maxBytes(maxBytes))
    #expect(try maxBytes > 20 || BundleReader(prefix: prefix).shardCount > 2)
    try askToSave(structure, ["max_bytes": maxBytes])
    try expectSameFiles()
    try expectRestored(structure, from: prefix)
  }
}
