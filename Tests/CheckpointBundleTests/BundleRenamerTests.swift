import CheckpointBundle
import CheckpointIO
import CheckpointTensors
import CheckpointTestSupport
import Foundation
import Testing

/// Proves that renaming changes the index only, all of it or nothing.
@Suite struct BundleRenamerTests {
  private static let prefix = "/run/m"

  private static func options(_ system: any FileSystem) -> FileOptions {
    var options = FileOptions()
    options.fileSystem = system
    return options
  }

  // Two data files, a tensor in slices, and a name that is no text.
  private static func prepared() throws -> MemoryFileSystem.Image {
    let system = MemoryFileSystem()
    var writer = try BundleWriter(
      prefix: prefix, shardByteCounts: [0, 0], options: options(system))
    try writer.add(Tensor<Float>([1]), for: "a")
    try writer.add(Tensor<Float>([2]), for: "b", part: nil, shard: 1)
    try writer.add(Tensor<Int32>([3]), for: TensorKey(bytes: [0xFF]))
    try writer.add(Tensor<Float>([4, 5]), for: "w", part: TensorSlice.Part("3 0,2"), shard: 0)
    try writer.add(Tensor<Float>([6]), for: "w", part: TensorSlice.Part("3 2,1"), shard: 1)
    try writer.finish()
    return system.image
  }

  private static func values(_ system: MemoryFileSystem) throws -> [TensorKey: [UInt8]] {
    let reader = try BundleReader(prefix: prefix, fileSystem: system)
    var values: [TensorKey: [UInt8]] = [:]
    for entry in try reader.entries() {
      values[entry.key] = try reader.tensor(for: entry.key).plainBytes
    }
    return values
  }

  @Test func `gives new names, also to slices, and leaves the data files alone`() throws {
    let before = try Self.prepared()
    let system = MemoryFileSystem(before)
    let old = try Self.values(system)
    let odd = TensorKey(bytes: [0xFF])
    try BundleRenamer.rename(
      ["a": "b", "b": "a", "w": "é/weights", odd: "c"], in: Self.prefix,
      options: Self.options(system))
    let new = try Self.values(system)
    #expect(new == ["b": old["a"], "a": old["b"], "é/weights": old["w"], "c": old[odd]])
    #expect(system.paths == before.files.keys.sorted())
    for (path, bytes) in before.files where !path.hasSuffix(".index") {
      #expect(system.image.files[path] == bytes)
    }
  }

  @Test func `the index is the one that a save under the new names writes`() throws {
    let system = MemoryFileSystem(try Self.prepared())
    try BundleRenamer.rename(["a": "z", "w": "v"], in: Self.prefix, options: Self.options(system))
    let other = MemoryFileSystem()
    var writer = try BundleWriter(
      prefix: Self.prefix, shardByteCounts: [0, 0], options: Self.options(other))
    try writer.add(Tensor<Float>([1]), for: "z")
    try writer.add(Tensor<Float>([2]), for: "b", part: nil, shard: 1)
    try writer.add(Tensor<Int32>([3]), for: TensorKey(bytes: [0xFF]))
    try writer.add(Tensor<Float>([4, 5]), for: "v", part: TensorSlice.Part("3 0,2"), shard: 0)
    try writer.add(Tensor<Float>([6]), for: "v", part: TensorSlice.Part("3 2,1"), shard: 1)
    try writer.finish()
    #expect(system.image.files == other.image.files)
  }

  @Test func `names that are missing or taken are one error, and nothing changes`() throws {
    let before = try Self.prepared()
    let system = MemoryFileSystem(before)
    func failure(_ names: [TensorKey: TensorKey]) -> CheckpointError? {
      #expect(throws: CheckpointError.self) {
        try BundleRenamer.rename(names, in: Self.prefix, options: Self.options(system))
      }
    }
    let missing = failure(["x": "1", "y": "2", "a": ""])
    #expect(missing?.file == Self.prefix)
    #expect(missing?.problems.map(\.code) == [.notFound, .notFound, .invalidArgument])
    let taken = failure(["a": "w"])
    #expect(taken?.code == .duplicateName)
    #expect(taken?.message == "'a' and 'w' would both be called 'w'")
    let reader = try BundleReader(prefix: Self.prefix, fileSystem: system)
    let slices = try #require(reader.entry(for: "w")?.slices)
    #expect(slices.count == 2)
    #expect(system.image.files == before.files)
  }

  @Test(.timeLimit(.minutes(20)), arguments: [ENOSPC, EIO])
  func `whatever fails, the names are the old ones or the new ones`(errno: Int32) throws {
    let before = try Self.prepared()
    let old = try Self.values(MemoryFileSystem(before))
    let counting = InterceptingFileSystem(MemoryFileSystem(before))
    let names: [TensorKey: TensorKey] = ["a": "z"]
    try BundleRenamer.rename(names, in: Self.prefix, options: Self.options(counting))
    for number in counting.calls.indices {
      let system = MemoryFileSystem(before)
      let failing = InterceptingFileSystem(system) { current, call throws(CheckpointError) in
        guard current == number else { return }
        throw .system("injected failure of \(call.kind)", errno: errno, file: call.path)
      }
      let what = "\(counting.calls[number]) fails"
      var error: CheckpointError?
      do throws(CheckpointError) {
        try BundleRenamer.rename(names, in: Self.prefix, options: Self.options(failing))
      } catch let problem {
        error = problem
      }
      let values = try Self.values(system)
      let isNew = values["z"] != nil
      #expect(values.count == old.count && values[isNew ? "z" : "a"] == old["a"], "\(what)")
      // Looking for what dead saves have left may fail without a word.
      #expect(error != nil || isNew, "\(what), and nobody says so")
      #expect(isNew || system.paths == before.files.keys.sorted(), "\(what)")
    }
  }
}
