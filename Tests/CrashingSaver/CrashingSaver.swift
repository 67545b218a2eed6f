import CheckpointPlans
import CheckpointStore
import CheckpointBundle
import CheckpointIO
import CheckpointTensors
import CheckpointTestSupport
import Checkpoints
import Foundation
import Synchronization

/// A program that saves, and kills itself before a file call of the caller's choice.
///
///     crashing-saver PREFIX VALUE SHARDS HOW CALL
///
/// Every element of every tensor is VALUE, so that a mixture shows. HOW names a way in which the front
/// end saves, or is `bundle`, or `convert-FORMAT`: the checkpoint PREFIX.source is converted to PREFIX.
/// CALL counts from 0 those that change files, since what only reads leaves everything as it was; none is reached
/// by a number that is large enough, and the program then prints how many there were.
///
/// With HOW `shared:RANK:COUNT:SECONDS`, it is one of COUNT processes that save together to PREFIX, and wait so
/// long for each other; SHARDS is the number of saves, each with the next VALUE.
///
/// With HOW `manager`, PREFIX is a directory, and a manager saves SHARDS times, from VALUE on, in the format
/// V2 or that of `manager-FORMAT`; with
/// `trainer` one that keeps a single checkpoint; with `overwriting` all saves are to PREFIX.
///
/// Before any other HOW, `unsynced:` leaves out the syncs.
///
/// `crashing-saver judge` says what others have left: see ``Judge``.
@main struct CrashingSaver {
  static func main() {
    let arguments = CommandLine.arguments.dropFirst()
    guard arguments != ["judge"] else { return Judge.run() }
    guard arguments.count == 5, let fatalCall = arguments.last.flatMap({ Int($0) }) else {
      exit(64)
    }
    let count = Mutex(0)
    let system = InterceptingFileSystem { _, call in
      guard call.kind.changesFiles else { return }
      let number = count.withLock { count in
        defer { count += 1 }
        return count
      }
      if number == fatalCall { kill(getpid(), SIGKILL) }
    }
    var options = SaveOptions()
    options.fileSystem = system
    do {
      try save(Array(arguments.dropLast()), options)
    } catch {
      FileHandle.standardError.write(Data("\(error)\n".utf8))
      exit(1)
    }
    print(count.withLock { $0 })
  }

  /// Saves as PREFIX, VALUE, SHARDS and HOW say.
  static func save(_ words: [String], _ files: SaveOptions) throws {
    guard words.count == 4, let value = Float(words[1]), let shards = Int(words[2]) else {
      exit(64)
    }
    let (path, way) = (words[0], words[3])
    let how = way.hasPrefix("unsynced:") ? String(way.dropFirst("unsynced:".count)) : way
    var options = files
    if how != way { options.durability = .none }
    if how.hasPrefix("manager") {
      options.format = CheckpointFormat(rawValue: String(how.dropFirst("manager-".count))) ?? .v2
      options.omitsUnsupported = true
      if options.format == .modelDirectory { options.sharding = .maxBytes(300 * 4) }
      try ManagedLife.run(path, first: Int(value), count: shards, options)
    } else if let trainer = Trainer(rawValue: how) {
      try trainer.run(path, first: Int(value), count: shards, options)
    } else if let way = SavedByName(rawValue: how) {
      try way.save(value, shards, to: path, options)
    } else if how.hasPrefix("shared:") {
      try SharedLife(how).run(path, first: Int(value), count: shards, options)
    } else if how.hasPrefix("convert-") {
      try convert(to: path, how.dropFirst("convert-".count), options)
    } else {
      try save(value, shards: shards, to: path, options)
    }
  }

  // Converts the checkpoint that stands beside the destination.
  private static func convert(to path: String, _ format: Substring, _ files: SaveOptions) throws {
    var options = CheckpointConversion.Options()
    options.format = CheckpointFormat(rawValue: String(format))
    options.overwrites = true
    (options.fileSystem, options.durability) = (files.fileSystem, files.durability)
    try CheckpointConversion(from: path + ".source", to: path, options: options).run()
  }

  private static func save(_ value: Float, shards: Int, to prefix: String, _ options: SaveOptions)
    throws
  {
    var writer = try BundleWriter(
      prefix: prefix, shardByteCounts: Array(repeating: 1 << 20, count: shards),
      options: options.files)
    for index in 0..<2 * shards {
      // One is larger than the writer's buffer, so that it is written in chunks.
      let count = index == 1 ? 200_000 : 300
      try writer.add(
        Tensor<Float>(repeating: value, shape: [count]), for: TensorKey("w\(index)"), part: nil,
        shard: index % shards)
    }
    try writer.finish()
  }
}
