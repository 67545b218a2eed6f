import CheckpointBundle
import CheckpointIO
import CheckpointTensors
import CheckpointTestSupport
import Testing

/// A save has a bounded number of data files open, and what comes of it is the same.
@Suite struct OpenFilesTests {
  private static let shardCount = 3

  // Each data file is written to in turn: first with as much as is not gathered, if it is to be large.
  private func save(
    _ value: Float, to prefix: String, _ system: any FileSystem, mostOpen: Int = 1,
    isLarge: Bool = true, before: (Int) throws -> Void = { _ in }
  ) throws {
    var options = FileOptions()
    options.fileSystem = system
    let counts = [UInt64](repeating: 1 << 20, count: Self.shardCount)
    var writer = try BundleWriter(prefix, counts, options, OutputPool(capacity: mostOpen))
    for number in 0..<2 * Self.shardCount {
      try before(number)
      let count = isLarge && number < Self.shardCount ? 66_000 : 10
      let tensor = Tensor<Float>(repeating: value, shape: [count])
      let shard = number % Self.shardCount
      try writer.add(tensor, for: TensorKey("w\(number)"), part: nil, shard: shard)
    }
    try writer.finish()
  }

  private func value(at prefix: String, _ system: any FileSystem) throws -> Float {
    let reader = try BundleReader(prefix: prefix, fileSystem: system)
    var values: [Float] = []
    for number in 0..<2 * Self.shardCount {
      let array = try Tensor<Float>(reader.tensor(for: TensorKey("w\(number)"))).array
      values += [array[0], array[array.count - 1]]
    }
    #expect(values.allSatisfy { $0 == values[0] }, "a mixture of \(values)")
    return values[0]
  }

  private func mostOpen(_ calls: [FileCall]) -> Int {
    var (open, most) = (0, 0)
    for call in calls {
      switch call.kind {
      case .create, .reopen: open += 1
      case .close: open -= 1
      default: break
      }
      most = max(most, open)
    }
    #expect(open == 0)
    return most
  }

  @Test(arguments: [1, 2, 3, 96])
  func `of many data files few are open, and the bytes are the same`(capacity: Int) throws {
    let (plain, bounded) = (MemoryFileSystem(), MemoryFileSystem())
    let system = InterceptingFileSystem(bounded)
    try save(7, to: "/run/m", plain, mostOpen: 99)
    try save(7, to: "/run/m", system, mostOpen: capacity)
    #expect(bounded.image.files == plain.image.files)
    #expect(mostOpen(system.calls) == min(capacity, Self.shardCount))
    let reopened = system.calls.contains { $0.kind == .reopen }
    #expect(reopened == (capacity < Self.shardCount))
  }

  @Test func `data files that are written one after the other are synced once each`() throws {
    let system = InterceptingFileSystem(MemoryFileSystem())
    var options = FileOptions()
    options.fileSystem = system
    let pool = OutputPool(capacity: 2)
    var writer = try BundleWriter("/run/m", [UInt64](repeating: 0, count: 5), options, pool)
    for shard in 0..<5 {
      for number in 0..<3 {
        let tensor = Tensor<Float>(repeating: 1, shape: [66_000])
        try writer.add(tensor, for: TensorKey("w\(shard)/\(number)"), part: nil, shard: shard)
      }
    }
    try writer.finish()
    let synced = system.calls.filter { $0.kind == .sync && $0.path.contains(".data-") }
    #expect(synced.count == 5 && Set(synced).count == 5)
    #expect(system.calls.count { $0.kind == .reopen } == 5)  // once each
  }

  @Test(arguments: [false, true])
  func `whatever call fails, the old checkpoint stands or the new one`(forever: Bool) throws {
    var number = 0
    while true {
      let memory = MemoryFileSystem()
      try save(1, to: "/run/m", memory, isLarge: false)
      let before = memory.paths
      let system = InterceptingFileSystem.failing(memory, at: number, errno: 5, forever: forever)
      var failure: CheckpointError?
      do {
        try save(2, to: "/run/m", system)
        guard system.calls.count > number else { break }
      } catch let error as CheckpointError {
        failure = error
      }
      let isNew = failure?.message.contains("the new checkpoint is saved") ?? true
      #expect(failure?.code ?? .io == .io, "call \(number): \(failure as Any)")
      let found = try value(at: "/run/m", memory)
      // If nothing can be read any more, it cannot be told which one stands.
      #expect(forever ? [1, 2].contains(found) : found == (isNew ? 2 : 1), "call \(number)")
      if !isNew, !forever { #expect(memory.paths == before, "call \(number)") }
      try save(3, to: "/run/m", memory, isLarge: false)
      #expect(try value(at: "/run/m", memory) == 3)
      #expect(memory.paths.count == before.count, "call \(number): \(memory.paths)")
      number += 1
    }
    #expect(number > 40)
  }

  @Test func `a data file that could not be closed is not committed later`() throws {
    let memory = MemoryFileSystem()
    let system = InterceptingFileSystem(memory) { _, call throws(CheckpointError) in
      guard call.kind == .sync, call.path.contains("00000-of") else { return }
      throw .system("injected failure of sync", errno: 5, file: call.path)
    }
    var options = FileOptions()
    options.fileSystem = system
    var writer = try BundleWriter("/run/m", [0, 0], options, OutputPool(capacity: 1))
    let tensor = Tensor<Float>(repeating: 1, shape: [66_000])
    try writer.add(tensor, for: "a", part: nil, shard: 0)
    #expect(throws: CheckpointError.self) { try writer.add(tensor, for: "b", part: nil, shard: 1) }
    let error = #expect(throws: CheckpointError.self) { try writer.finish() }
    #expect(error?.message.contains("injected failure of sync") == true)
    #expect(!memory.paths.contains("/run/m.index"))
  }

  @Test func `another file in the place of one that is closed is not written to`() throws {
    let directory = try TemporaryDirectory()
    let prefix = directory.path("m")
    let temporary = "m.data-00000-of-00003.swift-checkpoints-tmp"
    let error = #expect(throws: CheckpointError.self) {
      try save(1, to: prefix, LocalFileSystem()) { number in
        guard number == 2 else { return }
        try LocalFileSystem().removeFile(directory.path(temporary))
        try directory.write("a thesis".utf8, to: temporary)
      }
    }
    #expect(error?.code == .pathConflict)
    #expect(error?.file == directory.path(temporary))
    #expect(!directory.names.contains("m.index"))
  }

  @Test func `what is closed is opened again as a file, and never through a link`() throws {
    let directory = try TemporaryDirectory()
    try directory.write("a thesis".utf8, to: "thesis")
    let system = LocalFileSystem()
    #expect(try system.link(directory.path("thesis"), to: directory.path("second")))
    let file = try system.createFile(directory.path("alone"))
    try file.close()
    let error = #expect(throws: CheckpointError.self) {
      try system.reopenFile(directory.path("second"))
    }
    #expect(error?.code == .pathConflict)
    #expect(throws: CheckpointError.self) { try system.reopenFile(directory.path("missing")) }
    let again = try system.reopenFile(directory.path("alone"))
    try unsafe again.write(Array("x".utf8).span.bytes, at: 0)
    try again.close()
    #expect(try directory.bytes("alone") == Array("x".utf8))
    #expect(try directory.bytes("thesis") == Array("a thesis".utf8))
  }
}
