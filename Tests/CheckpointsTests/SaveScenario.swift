import CheckpointStore
import CheckpointPlans
import CheckpointGraph
import CheckpointBundle
import CheckpointIO
import CheckpointSafetensors
import CheckpointTensors
import CheckpointTestSupport
import Checkpoints
import Testing

/// A save to be disturbed, and what there was before it.
///
/// Every element of every tensor of a checkpoint is the same number, so that a mixture shows.
struct SaveScenario: CustomTestStringConvertible, Sendable {
  let testDescription: String
  /// How many data files the checkpoint has that is replaced; 0 if there is none.
  var oldShards = 0
  var newShards = 1
  /// Whether the name-based saver saves, which keeps the state file.
  var keepsState = false
  /// The prefix that is saved to; another checkpoint stands at `/run/m-1` if there is a state file.
  var prefix = "/run/m-2"
  var format = CheckpointFormat.v2
  /// How the saver spreads what it saves.
  var sharding = SaveOptions.Sharding.none
  /// Whether the saver deletes the checkpoint before, once the new one is saved.
  var deletesEarlier = false
  /// Whether it is a safetensors file.
  var isSafetensors = false

  static let all = [
    SaveScenario(testDescription: "a new prefix"),
    SaveScenario(testDescription: "a new prefix in new directories", prefix: "/run/a/b/m"),
    SaveScenario(testDescription: "over one data file", oldShards: 1),
    SaveScenario(testDescription: "three over two data files", oldShards: 2, newShards: 3),
    SaveScenario(testDescription: "one over three data files", oldShards: 3),
    SaveScenario(testDescription: "by name, a new number", keepsState: true),
    SaveScenario(testDescription: "by name, over one", oldShards: 1, keepsState: true),
    SaveScenario(testDescription: "by name, by number", keepsState: true, sharding: .count(2)),
    SaveScenario(
      testDescription: "by name, by size, over as many", oldShards: 3, keepsState: true,
      sharding: .maxBytes(16)),
    SaveScenario(testDescription: "by name, in V1", keepsState: true, format: .v1),
    SaveScenario(
      testDescription: "by name, in V1, over one", oldShards: 1, keepsState: true, format: .v1),
    SaveScenario(
      testDescription: "by name, deleting the one before", keepsState: true, deletesEarlier: true),
    SaveScenario(
      testDescription: "by name, over one, deleting the one before", oldShards: 1, keepsState: true,
      deletesEarlier: true),
    SaveScenario(testDescription: "a new safetensors file", isSafetensors: true),
    SaveScenario(testDescription: "over a safetensors file", oldShards: 1, isSafetensors: true),
  ]

  static let old: Float = 1
  static let new: Float = 2
  static let earlier = "/run/m-1"

  /// A file system with what there was before.
  func prepared() throws -> MemoryFileSystem {
    let system = MemoryFileSystem()
    if keepsState { try save(Self.old, to: Self.earlier, shards: 1, system) }
    if oldShards > 0 { try save(Self.old, to: prefix, shards: oldShards, system) }
    return MemoryFileSystem(system.image)
  }

  /// The save that the scenario is about.
  func save(in system: any FileSystem, durability: SaveOptions.Durability = .full)
    throws(CheckpointError)
  {
    try save(Self.new, to: prefix, shards: newShards, system, durability: durability)
  }

  func save(
    _ value: Float, to prefix: String, shards: Int, _ system: any FileSystem,
    durability: SaveOptions.Durability = .full
  ) throws(CheckpointError) {
    var files = SaveOptions()
    files.fileSystem = system
    files.durability = durability
    if keepsState {
      try saveByName(value, to: prefix, files)
    } else if isSafetensors {
      var writer = try SafetensorsWriter(prefix, options: files.files)
      try writer.add(Tensor<Float>(repeating: value, shape: [9]), for: "w")
      try writer.finish()
    } else {
      try saveBundle(value, to: prefix, shards: shards, files)
    }
  }

  private func saveByName(_ value: Float, to prefix: String, _ files: SaveOptions)
    throws(CheckpointError)
  {
    var options = files
    var settings = Saver.Settings()
    options.format = format
    options.sharding = sharding
    settings.retention = deletesEarlier ? .latest(1) : .all
    let variable = Variable<Float>(repeating: value, shape: [9])
    let other = Variable<Float>(repeating: value, shape: [2])
    let saver = try Saver(["v": other, "w": variable], settings: settings, options: options)
    if deletesEarlier { saver.setHistory([Self.earlier], pinned: false) }
    try saver.save(to: prefix)
  }

  private func saveBundle(_ value: Float, to prefix: String, shards: Int, _ files: SaveOptions)
    throws(CheckpointError)
  {
    var writer = try BundleWriter(
      prefix: prefix, shardByteCounts: Array(repeating: 36, count: shards), options: files.files)
    for shard in 0..<shards {
      let tensor = Tensor<Float>(repeating: value, shape: [9])
      try writer.add(tensor, for: TensorKey("w\(shard)"), part: nil, shard: shard)
    }
    try writer.finish()
  }

  /// The files that a checkpoint consists of.
  func files(_ prefix: String, _ system: any FileSystem) throws -> [String] {
    guard format == .v2, !isSafetensors else { return [prefix] }
    let count = try BundleReader(prefix: prefix, fileSystem: system).shardCount
    let paths = BundlePath(prefix)
    return [paths.index] + (0..<count).map { paths.data(shard: $0, of: count) }
  }

  /// The one number of a checkpoint; `nil` if there is none.
  static func value(_ prefix: String, _ system: any FileSystem) throws -> Float? {
    guard try system.status(of: prefix + ".index") ?? system.status(of: prefix) != nil else {
      return nil
    }
    let reader = try CheckpointReader(prefix, fileSystem: system)
    var values: Set<Float> = []
    for entry in try reader.entries() {
      values.formUnion(try Tensor<Float>(reader.tensor(for: entry.key)).array)
    }
    #expect(values.count == 1, "a mixture of \(values)")
    return values.first
  }

  /// What is in the directory besides the state file and whole checkpoints of some prefixes.
  func litter(_ system: MemoryFileSystem, besides prefixes: [String]) throws -> [String] {
    var expected = ["/run/checkpoint"]
    for prefix in prefixes where try Self.value(prefix, system) != nil {
      expected += try files(prefix, system)
    }
    return Set(system.paths).subtracting(expected).sorted()
  }

  /// One more save, and everything is as if nothing had happened.
  func checkNextSave(_ system: MemoryFileSystem, _ what: @autoclosure () -> String) throws {
    do {
      try save(in: system)
    } catch {
      Issue.record("the next save fails: \(error); \(what()); left: \(system.paths)")
      return
    }
    #expect(try Self.value(prefix, system) == Self.new, "\(what())")
    var prefixes = [prefix]
    if keepsState {
      if !deletesEarlier { prefixes.append(Self.earlier) }
      let latest = try CheckpointDirectory("/run", fileSystem: system).latest()
      #expect(latest == prefix, "\(what())")
    }
    let litter = try litter(system, besides: prefixes)
    #expect(litter.isEmpty, "\(what()): \(litter)")
  }
}
