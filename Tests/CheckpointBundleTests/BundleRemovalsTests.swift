import CheckpointBundle
import CheckpointIO
import CheckpointTensors
import CheckpointTestSupport
import Testing

/// Proves that removing many checkpoints takes one look at their directory, and that this look is not
/// trusted where somebody has been at work since.
@Suite struct BundleRemovalsTests {
  private static let prefixes = (0..<100).map { "/run/ckpt-\($0)" }

  private func options(_ system: any FileSystem) -> FileOptions {
    var options = FileOptions()
    options.fileSystem = system
    return options
  }

  private func save(
    to prefix: String, shards: Int = 2, _ system: any FileSystem
  ) throws(CheckpointError) {
    var writer = try BundleWriter(
      prefix: prefix, shardByteCounts: Array(repeating: 4, count: shards), options: options(system))
    for shard in 0..<shards {
      try writer.add(
        Tensor<Float>([Float(shard)]), for: TensorKey("w\(shard)"), part: nil, shard: shard)
    }
    try writer.finish()
  }

  private func prepared(_ prefixes: [String] = prefixes) throws -> MemoryFileSystem {
    let system = MemoryFileSystem()
    for prefix in prefixes { try save(to: prefix, system) }
    return system
  }

  /// Removes them, and says what went wrong.
  private func remove(
    _ prefixes: [String] = prefixes, _ listing: DataFileListing, _ system: any FileSystem
  ) -> [String] {
    var removals = BundleRemovals(listing, options: options(system))
    for prefix in prefixes { removals.begin(prefix) }
    let gone = removals.run()
    #expect(gone.count + removals.errors.count == prefixes.count)
    return removals.errors.map(\.description)
  }

  @Test func `many go with one look at their directory`() throws {
    let system = InterceptingFileSystem(try prepared())
    let listing = DataFileListing(of: Self.prefixes, fileSystem: system)
    for batch in Chunks(of: 0..<Self.prefixes.count, by: BundleRemovals.mostAtOnce) {
      #expect(remove(Array(Self.prefixes[batch]), listing, system) == [])
    }
    #expect(system.calls.count { $0.kind == .list } == 1)
    #expect(try system.namesInDirectory("/run") == [])
  }

  @Test func `two directories whose names look the same are two`() throws {
    let directory = try TemporaryDirectory("removals")
    let places = ["\u{E9}", "e\u{301}"].map { directory.path($0) }
    let system = InterceptingFileSystem()
    for (shards, place) in zip([1, 3], places) {
      try system.createDirectory(place)
      try save(to: "\(place)/m", shards: shards, system)
    }
    let prefixes = places.map { "\($0)/m" }
    let before = system.calls.count
    #expect(remove(prefixes, DataFileListing(of: prefixes, fileSystem: system), system) == [])
    for place in places {
      #expect(try system.namesInDirectory(place) == [])
      #expect(
        system.calls[before...].contains {
          $0.kind == .syncDirectory && FileName($0.path) == FileName(place)
        })
    }
  }

  @Test func `whenever the power goes, what has an index is whole`() throws {
    let prefixes = ["/run/a", "/run/b"]
    let system = MemoryFileSystem(try prepared(prefixes).image)
    let listing = DataFileListing(of: prefixes, fileSystem: system)
    #expect(remove(prefixes, listing, system) == [])
    var cut = PowerCut(system.start)
    var standing = 0
    for event in system.log {
      for image in cut.newImages(after: event) {
        let left = MemoryFileSystem(image)
        for prefix in prefixes where left.paths.contains("\(prefix).index") {
          standing += 1
          let findings = try BundleVerifier(BundleReader(prefix: prefix, fileSystem: left)).verify()
          #expect(findings.problems.problems.isEmpty, "after \(event)")
        }
      }
    }
    #expect(standing > 0)
  }

  @Test func `what was saved since the directory was listed goes whole`() throws {
    let system = try prepared()
    let listing = DataFileListing(of: Self.prefixes, fileSystem: system)
    try save(to: "/run/ckpt-7", shards: 5, system)
    #expect(remove(["/run/ckpt-7"], listing, system) == [])
    #expect(!system.paths.contains { $0.hasPrefix("/run/ckpt-7.") })
    #expect(system.paths.count == 3 * 99)
  }

  @Test func `what a dead save has left since then goes as well`() throws {
    let system = try prepared()
    let listing = DataFileListing(of: Self.prefixes, fileSystem: system)
    var image = system.image
    image.files["/run/ckpt-7.swift-checkpoints-lock"] =
      SaveNote.bundle(SaveNote.DataFiles(newCount: 1, replacedCounts: [2])).bytes
    image.files["/run/ckpt-7.data-00000-of-00001"] = [1, 2, 3, 4]
    let left = MemoryFileSystem(image)
    #expect(remove(["/run/ckpt-7"], listing, left) == [])
    #expect(!left.paths.contains { $0.hasPrefix("/run/ckpt-7.") })
  }

  @Test func `files that no index counts go with their checkpoint`() throws {
    var image = try prepared(["/run/m"]).image
    image.files["/run/m.data-00000-of-00009"] = [1]
    let system = MemoryFileSystem(image)
    let listing = DataFileListing(of: ["/run/m"], fileSystem: system)
    #expect(remove(["/run/m"], listing, system) == [])
    #expect(system.paths == [])
  }

  @Test func `a directory that cannot be listed beforehand is listed under the lock`() throws {
    let system = try prepared(["/run/m"])
    let failing = InterceptingFileSystem(system) { _, call throws(CheckpointError) in
      guard call.kind == .list else { return }
      throw .system("injected failure", errno: 5, file: call.path)
    }
    let listing = DataFileListing(of: ["/run/m"], fileSystem: failing)
    #expect(
      remove(["/run/m"], listing, failing).allSatisfy { $0.contains("injected failure") })
    #expect(system.paths.count == 3)
    #expect(remove(["/run/m"], listing, system) == [])
    #expect(system.paths == [])
  }
}
