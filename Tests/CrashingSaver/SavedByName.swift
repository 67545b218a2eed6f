import CheckpointStore
import CheckpointPlans
import CheckpointGraph
import CheckpointIO
import CheckpointTensors
import Checkpoints

/// The same by the front end, which keeps the state file too.
enum SavedByName: String {
  /// One data file.
  case state
  /// Three data files.
  case sharded
  /// One file of the older format.
  case v1
  /// Two of them.
  case shardedV1
  /// As many data files as are asked for, with two variables each, which come in turn.
  case many
  /// As many files of the older format.
  case manyV1
  /// One data file; afterwards `earlier` in the same directory is deleted.
  case deleting
  /// A model directory of so many files.
  case model
  /// By objects: goes on from the newest checkpoint in the directory, and saves to the next number.
  case numbered

  func save(_ value: Float, _ shards: Int, to prefix: String, _ files: SaveOptions) throws {
    guard self != .numbered else { return try resume(value, prefix, files) }
    guard ![.many, .manyV1, .model].contains(self) else {
      return try saveMany(value, shards, to: prefix, files)
    }
    var options = files
    var settings = Saver.Settings()
    options.format = [.v1, .shardedV1].contains(self) ? .v1 : .v2
    options.sharding = self == .sharded ? .count(3) : self == .shardedV1 ? .count(2) : .none
    settings.retention = self == .deleting ? .latest(1) : .all
    let variables = [300, 20, 7].enumerated().map { number, count in
      Variable<Float>(repeating: value, shape: [count], name: "w\(number)")
    }
    let saver = try Saver(variables, settings: settings, options: options)
    if self == .deleting {
      let directory = prefix.lastIndex(of: "/").map { prefix[...$0] } ?? ""
      saver.setHistory(["\(directory)earlier"], pinned: false)
    }
    try saver.save(to: prefix)
  }

  private func saveMany(_ value: Float, _ shards: Int, to prefix: String, _ files: SaveOptions)
    throws
  {
    var options = files
    options.format = self == .manyV1 ? .v1 : self == .model ? .modelDirectory : .v2
    options.sharding = .by { tensor in
      (Int(tensor.key.description.dropFirst()) ?? 0) % shards  // the number in its name
    }
    if self == .model { options.sharding = shards == 1 ? .none : .maxBytes(2 * 300 * 4) }
    let variables = (0..<2 * shards).map { number in
      Variable<Float>(repeating: value, shape: [300], name: "w\(number)")
    }
    try Saver(variables, options: options).save(to: prefix)
  }

  private func resume(_ value: Float, _ prefix: String, _ files: SaveOptions) throws {
    let weights = Variable<Float>(repeating: 0, shape: [300])
    let checkpoint = try Checkpoint(["w": weights], options: files)
    if let newest = try CheckpointDirectory(Path(prefix).directory).latest() {
      try checkpoint.restore(from: newest).assertConsumed()
    }
    weights.value = Tensor(repeating: value, shape: [300])
    print(try checkpoint.save(to: prefix))
  }
}
