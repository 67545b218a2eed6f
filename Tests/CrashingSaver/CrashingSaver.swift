import CheckpointPlans
import CheckpointStore
import CheckpointBundle
import CheckpointIO
import CheckpointTensors
import CheckpointTestSupport
import Checkpoints
import Foundation

/// A program that saves, and kills itself at a file call of the caller's choice.
///
///     crashing-saver PREFIX VALUE SHARDS HOW CALL
///
/// Every element of every tensor is VALUE, so that a mixture shows. HOW names a way in which the front
/// end saves, or is `bundle`, or `convert-FORMAT`: the checkpoint PREFIX.source is converted to PREFIX.
/// CALL counts from 0; none is reached by a number that is large enough, and the program then prints
/// how many there were.
///
/// With HOW `shared:RANK:COUNT:SECONDS`, it is one of COUNT processes that save together to PREFIX, and wait so
/// long for each other; SHARDS is the number of saves, each with the next VALUE.
///
/// With HOW `manager`, PREFIX is a directory, and a manager saves SHARDS times, from VALUE on, in the format
/// V2 or that of `manager-FORMAT`; with
/// `trainer` one that keeps a single checkpoint; with `overwriting` all saves are to PREFIX.
@main struct CrashingSaver {
  static func main() throws {
    let arguments = CommandLine.arguments
    guard arguments.count == 6, let value = Float(arguments[2]), let shards = Int(arguments[3]),
      let fatalCall = Int(arguments[5])
    else { exit(64) }
    let system = InterceptingFileSystem { number, _ in
      if number == fatalCall { kill(getpid(), SIGKILL) }
    }
    var options = SaveOptions()
    options.fileSystem = system
    if arguments[4].hasPrefix("manager") {
      options.format =
        CheckpointFormat(rawValue: String(arguments[4].dropFirst("manager-".count))) ?? .v2
      options.omitsUnsupported = true
      if options.format == .modelDirectory { options.sharding = .maxBytes(300 * 4) }
      try ManagedLife.run(arguments[1], first: Int(value), count: shards, options)
    } else if let trainer = Trainer(rawValue: arguments[4]) {
      try trainer.run(arguments[1], first: Int(value), count: shards, options)
    } else if let way = SavedByName(rawValue: arguments[4]) {
      try way.save(value, shards, to: arguments[1], options)
    } else if arguments[4].hasPrefix("shared:") {
      try SharedLife(arguments[4]).run(arguments[1], first: Int(value), count: shards, options)
    } else if arguments[4].hasPrefix("convert-") {
      try convert(to: arguments[1], arguments[4].dropFirst("convert-".count), options)
    } else {
      try save(value, shards: shards, to: arguments[1], options)
    }
    print(system.calls.count)
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
