import CheckpointPlatform
import CheckpointPlans
import CheckpointStore
import CheckpointBundle
import CheckpointIO
import CheckpointSlices
import CheckpointTensors
import CheckpointTestSupport
import Checkpoints
import Testing

/// Proves that removing a checkpoint removes its files and no others, and can be interrupted
/// anywhere.
@Suite struct CheckpointFilesTests {
  private func options(_ system: any FileSystem) -> FileOptions {
    var options = FileOptions()
    options.fileSystem = system
    return options
  }

  private func save(_ prefix: String, shards: Int = 1, in system: any FileSystem) throws {
    var writer = try BundleWriter(
      prefix: prefix, shardByteCounts: Array(repeating: 0, count: shards), options: options(system))
    for shard in 0..<shards {
      try writer.add(Tensor<Float>([1, 2]), for: TensorKey("w\(shard)"), part: nil, shard: shard)
    }
    try writer.finish()
  }

  private func write(_ paths: [String], in system: any FileSystem) throws {
    for path in paths {
      let file = try system.createFile(path)
      try unsafe file.write(([7] as [UInt8]).span.bytes, at: 0)
    }
  }

  private func remove(_ path: String, _ system: any FileSystem) throws(CheckpointError) {
    try CheckpointDirectory.Files(of: path, options: options(system)).remove()
  }

  static let lookalikes = [
    "/run/ckpt-3", "/run/ckpt-33.index", "/run/ckpt-3.index.old", "/run/ckpt-3.index2",
    "/run/ckpt-3.data-00000-of-00001.bak", "/run/ckpt-3.data-0-of-1", "/run/ckpt-3.data",
    "/run/ckpt-3x.data-00000-of-00001", "/run/ckpt-3.meta2", "/run/Ckpt-3.index", "/run/.index",
    "/run/ckpt-3.data-00000-of-0000x", "/run/ckpt-?.index", "/run/ckpt-3.best.index",
    "/run/ckpt-3.best.data-00000-of-00001", "/run/checkpoint", "/run/ckpt-03.index",
  ]

  @Test func `removes the files of one checkpoint, and none that look alike`() throws {
    let system = MemoryFileSystem()
    try save("/run/ckpt-2", in: system)
    try write(Self.lookalikes, in: system)
    let before = system.paths
    try save("/run/ckpt-3", shards: 3, in: system)
    try write(["/run/ckpt-3.meta"], in: system)
    #expect(system.paths.count == before.count + 5)
    try remove("/run/ckpt-3", system)
    #expect(system.paths == before)
    try remove("/run/ckpt-3", system)  // gone already
    try remove("/run/nothing/ckpt-3", system)
    #expect(system.paths == before)
  }

  @Test func `takes names byte by byte`() throws {
    let directory = try TemporaryDirectory()
    let system = LocalFileSystem()
    let (composed, decomposed) = (directory.path("\u{E9}-1"), directory.path("e\u{301}-1"))
    try save(composed, in: system)
    try save(directory.path("[a]*?-1"), in: system)
    try remove(decomposed, system)
    try remove(directory.path("?*"), system)
    #expect(directory.names.count == 4)
    try remove(directory.path("[a]*?-1"), system)
    try remove(composed, system)
    #expect(directory.names.isEmpty)
  }

  @Test func `removes data files without an index, of any count`() throws {
    let system = MemoryFileSystem()
    try save("/run/ckpt-1", shards: 2, in: system)
    try write(["/run/ckpt-1.data-00004-of-00007", "/run/ckpt-1.data-00000-of-100000"], in: system)
    try system.removeFile("/run/ckpt-1.index")
    try remove("/run/ckpt-1", system)
    #expect(system.paths.isEmpty, "\(system.paths)")
  }

  @Test func `removes a checkpoint that is damaged`() throws {
    let system = MemoryFileSystem()
    try save("/run/ckpt-1", in: system)
    try system.removeFile("/run/ckpt-1.index")
    try write(["/run/ckpt-1.index"], in: system)
    try remove("/run/ckpt-1", system)
    #expect(system.paths.isEmpty, "\(system.paths)")
  }

  @Test func `removes the index before everything else, and waits for the disk`() throws {
    let memory = MemoryFileSystem()
    try save("/run/ckpt-1", shards: 2, in: memory)
    try write(["/run/ckpt-1.meta"], in: memory)
    let system = InterceptingFileSystem(memory)
    try remove("/run/ckpt-1", system)
    let changes = system.calls.filter { [.remove, .syncDirectory].contains($0.kind) }
    #expect(
      changes.map(\.description) == [
        "syncDirectory run",  // the note's
        "remove ckpt-1.index", "syncDirectory run", "remove ckpt-1.data-00000-of-00002",
        "remove ckpt-1.data-00001-of-00002", "syncDirectory run", "remove ckpt-1.meta",
      ])
  }

  @Test(arguments: [1, 3])
  func `can be interrupted by a power cut anywhere`(shards: Int) throws {
    let start = MemoryFileSystem()
    try save("/run/ckpt-1", shards: shards, in: start)
    try save("/run/ckpt-2", in: start)
    let system = MemoryFileSystem(start.image)
    try remove("/run/ckpt-1", system)
    var cut = PowerCut(system.start)
    var count = 0
    for event in system.log {
      cut.apply(event)
      for image in cut.images() {
        count += 1
        let left = MemoryFileSystem(image)
        // Whole, or without an index: never an index without its data.
        for prefix in ["/run/ckpt-1", "/run/ckpt-2"] {
          guard try left.status(of: prefix + ".index") != nil else { continue }
          #expect(
            try BundleReader(prefix: prefix, fileSystem: left).tensors(for: [
              TensorRequest("w0")
            ]).count == 1)
        }
        try remove("/run/ckpt-1", left)
        #expect(left.paths.allSatisfy { $0.hasPrefix("/run/ckpt-2") }, "\(left.paths)")
      }
    }
    #expect(count > 10)
  }

  @Test func `leaves nothing behind for the next save if the process dies anywhere`() throws {
    let start = MemoryFileSystem()
    try save("/run/ckpt-1", shards: 2, in: start)
    try write(Self.lookalikes, in: start)
    let counting = InterceptingFileSystem(MemoryFileSystem(start.image))
    try remove("/run/ckpt-1", counting)
    for number in counting.calls.indices {
      let memory = MemoryFileSystem(start.image)
      let failing = InterceptingFileSystem(memory) { current, call throws(CheckpointError) in
        guard current >= number else { return }
        throw .system("injected failure of \(call.kind)", errno: EIO, file: call.path)
      }
      let error = #expect(throws: CheckpointError.self) { try remove("/run/ckpt-1", failing) }
      #expect(error?.systemError == EIO)
      let left = MemoryFileSystem(memory.image)  // nobody holds locks any more
      try save("/run/next", in: left)
      let isWhole = try left.status(of: "/run/ckpt-1.index") != nil
      let ours =
        isWhole ? ["/run/ckpt-1.index"] + (0..<2).map { "/run/ckpt-1.data-0000\($0)-of-00002" } : []
      let next = ["/run/next.data-00000-of-00001", "/run/next.index"]
      #expect(
        Set(left.paths) == Set(Self.lookalikes + ours + next), "call \(counting.calls[number])")
    }
  }

  @Test func `does not remove what somebody is saving`() throws {
    let system = MemoryFileSystem()
    try save("/run/ckpt-1", in: system)
    let lock = try SaveLock("/run/ckpt-1", fileSystem: system)
    let error = #expect(throws: CheckpointError.self) { try remove("/run/ckpt-1", system) }
    #expect(error?.code == .busy)
    try #require(lock).release()
    try remove("/run/ckpt-1", system)
    #expect(system.paths.isEmpty)
  }

  @Test func `does not remove another program's file in the place of the lock`() throws {
    let system = MemoryFileSystem()
    try save("/run/ckpt-1", in: system)
    var image = system.image
    image.files["/run/ckpt-1.swift-checkpoints-lock"] = Array("somebody's notes".utf8)
    let left = MemoryFileSystem(image)
    let before = left.paths
    let error = #expect(throws: CheckpointError.self) { try remove("/run/ckpt-1", left) }
    #expect(
      error?.description == "/run/ckpt-1.swift-checkpoints-lock: another program's file is where "
        + "a lock file of this library belongs; rename or remove it (pathConflict)")
    #expect(left.paths == before)
  }

  // MARK: V1

  private func saveV1(_ path: String, in system: any FileSystem) throws {
    var writer = try SlicesWriter(path: path, options: options(system))
    try writer.add(Tensor<Float>([1]), for: "w", part: nil)
    try writer.finish()
  }

  private func saveShardsV1(_ prefix: String, in system: any FileSystem) throws {
    var writer = try SlicesWriter(prefix: prefix, shardCount: 3, options: options(system))
    for shard in 0..<3 {
      try writer.add(Tensor<Float>([1]), for: TensorKey("w\(shard)"), part: nil, shard: shard)
    }
    try writer.finish()
  }

  @Test func `removes all parts of a V1 checkpoint, also when it was interrupted`() throws {
    let start = MemoryFileSystem()
    try saveShardsV1("/run/m-1", in: start)
    try write(["/run/m-1.meta", "/run/m-1-00003-of-00003", "/run/m-1-00000-of-00004"], in: start)
    let pattern = "/run/m-1-?????-of-00003"
    let left = ["/run/m-1-00000-of-00004", "/run/m-1-00003-of-00003"]
    let counting = InterceptingFileSystem(MemoryFileSystem(start.image))
    try remove(pattern, counting)
    for number in counting.calls.indices {
      let memory = MemoryFileSystem(start.image)
      let failing = InterceptingFileSystem(memory) { current, call throws(CheckpointError) in
        guard current == number else { return }
        throw .system("injected failure of \(call.kind)", errno: EIO, file: call.path)
      }
      try? remove(pattern, failing)
      let rest = MemoryFileSystem(memory.image)
      try remove(pattern, rest)
      try save("/run/next", in: rest)  // clears up
      try remove("/run/next", rest)
      let isGraphOnly = rest.paths == left + ["/run/m-1.meta"]
      #expect(rest.paths == left || isGraphOnly, "\(counting.calls[number]): \(rest.paths)")
    }
  }

  @Test func `removes the file of a V1 checkpoint, and only that`() throws {
    let system = MemoryFileSystem()
    try saveV1("/run/m-1", in: system)
    try saveV1("/run/m-10", in: system)
    try write(["/run/m-1.meta", "/run/m-1.data-x"], in: system)
    try remove("/run/m-1", system)
    #expect(system.paths == ["/run/m-1.data-x", "/run/m-10"])
  }

  @Test func `does not take another program's file for a V1 checkpoint`() throws {
    let system = MemoryFileSystem()
    try write(["/run/m-1", "/run/notes"], in: system)
    try remove("/run/m-1", system)
    try remove("/run/notes", system)
    #expect(system.paths == ["/run/m-1", "/run/notes"])
  }
}
