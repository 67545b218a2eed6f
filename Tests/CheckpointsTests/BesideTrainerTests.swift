import CheckpointStore
import CheckpointPlans
import CheckpointGraph
import CheckpointBundle
import CheckpointIO
import CheckpointTensors
import CheckpointTestSupport
import Checkpoints
import Synchronization
import Testing

/// Whoever reads beside a trainer that keeps one checkpoint, or saves to one prefix: whatever the
/// trainer does, and whenever, a checkpoint that has gone is no damaged one.
///
/// The trainer saves once, at one call of the reader, each in turn; or at sixty calls in a row.
@Suite struct BesideTrainerTests {
  /// In which way somebody reads a directory, or a prefix.
  enum Way: String, CaseIterable {
    case saver, replacing, inPlace, checkpoint, manager, reader, verification, audit, latest, valid
  }

  private static let key: TensorKey = "w/.ATTRIBUTES/VARIABLE_VALUE"

  private static func options(_ system: any FileSystem) -> SaveOptions {
    var options = SaveOptions()
    options.fileSystem = system
    options.durability = .none
    return options
  }

  /// Reads what is there.
  ///
  /// - Returns: The values of all elements, and what was read; no values where only files are looked
  ///   at.
  private static func read(_ path: String, _ way: Way, _ system: any FileSystem) throws -> (
    values: Set<Float>, path: String?
  ) {
    let w = Variable<Float>(repeating: 0, shape: [9])
    var (read, options) = (nil as String?, RestoreOptions())
    switch way {
    case .saver, .replacing, .inPlace:
      options.placement =
        way == .saver ? .transactional : way == .replacing ? .replacing : .inPlace
      let saver = try Saver([key.description: w], options: Self.options(system))
      read = try saver.restore(from: path, options: options).path
    case .checkpoint:
      let checkpoint = try Checkpoint(["w": w], options: Self.options(system))
      read = try checkpoint.restore(from: path).expectPartial().path
    case .manager:
      let run = try ManagerRun(system, .latest(1))
      read = try run.manager.restoreOrInitialize()?.path
      w.value = run.weights.value
    case .reader:
      let reader = try CheckpointOpening(path, system).open().reader
      w.value = try Tensor<Float>(reader.tensor(for: key))
      read = reader.path
    case .verification:
      let found = try Verification(of: path, fileSystem: system, found: { _ in }) { _, _ in }
      #expect(found.isIntact, "\(found.problems)")
      return ([], found.path)
    case .audit:
      let files = try CheckpointDirectory.Audit(of: "/run", fileSystem: system).files
      let bad = files.filter { $0.kind != .complete && $0.kind != .record && $0.kind != .busy }
      #expect(bad.isEmpty, "\(bad)")
      return ([], nil)
    case .latest: return ([], try CheckpointDirectory("/run", fileSystem: system).latest())
    case .valid: return ([], try CheckpointDirectory("/run", fileSystem: system).latestValid())
    }
    return (Set(w.value.array), read)
  }

  /// A file system in which somebody trains at some calls of the reader.
  private static func beside(
    _ base: MemoryFileSystem, during calls: Range<Int>,
    _ save: @escaping @Sendable (Float) throws -> Void
  ) -> (InterceptingFileSystem, count: @Sendable () -> Int) {
    let count = Counter()
    let system = InterceptingFileSystem(base) { number, _ throws(CheckpointError) in
      guard calls.contains(number) else { return }
      do { try save(Float(count.next())) } catch { Issue.record(error) }
    }
    return (system, { count.value })
  }

  private final class Counter: Sendable {
    private let count = Mutex(1)
    var value: Int { count.withLock { $0 } }
    func next() -> Int {
      count.withLock { count in
        count += 1
        return count
      }
    }
  }

  private static func train(_ base: MemoryFileSystem) -> @Sendable (Float) throws -> Void {
    { value in
      let run = try ManagerRun(base, .latest(1))
      try run.save(value)
    }
  }

  private static func overwrite(_ base: MemoryFileSystem) -> @Sendable (Float) throws -> Void {
    { value in
      let w = Variable<Float>(repeating: value, shape: [9])
      try Checkpoint(["w": w], options: options(base)).write(to: "/run/ckpt-1")
    }
  }

  /// A checkpoint with a wrong byte, to which something happens while its values are read.
  private static func damaged(
    whileRead change: @escaping @Sendable (MemoryFileSystem) throws -> Void
  ) throws -> InterceptingFileSystem {
    let saved = MemoryFileSystem()
    try overwrite(saved)(1)
    var image = saved.image
    image.files["/run/ckpt-1.data-00000-of-00001"]?[3] ^= 1
    let base = MemoryFileSystem(image)
    let count = Counter()
    return InterceptingFileSystem(base) { _, call throws(CheckpointError) in
      guard [.read, .map].contains(call.kind), call.path.contains(".data-") else { return }
      guard count.next() == 2 else { return }  // the first that it gives
      do { try change(base) } catch { Issue.record(error) }
    }
  }

  @Test func `a damaged checkpoint that goes while it is checked has gone, and is not damaged`()
    throws
  {
    for check in [Self.verify, Self.checkIntact] {
      let system = try Self.damaged { try $0.removeFile("/run/ckpt-1.index") }
      let error = #expect(throws: CheckpointError.self) { _ = try check(system) }
      #expect(
        error?.description == "/run/ckpt-1: this was deleted while it was being read (notFound)")
      #expect(error?.isOutdated == true)
    }
  }

  @Test func `a damaged checkpoint that is saved anew while it is checked is checked anew`() throws
  {
    for check in [Self.verify, Self.checkIntact] {
      #expect(try check(Self.damaged { try Self.overwrite($0)(2) }))
      #expect(try !check(Self.damaged { _ in }), "else nothing was damaged")
    }
  }

  // Whether the checkpoint is intact.
  private static func verify(_ system: any FileSystem) throws -> Bool {
    try Verification(of: "/run/ckpt-1", fileSystem: system, found: { _ in }) { _, _ in }.isIntact
  }

  private static func checkIntact(_ system: any FileSystem) throws -> Bool {
    do throws(CheckpointError) {
      try IntactCheck(system).check("/run/ckpt-1", .everything)
      return true
    } catch  where error.code == .corrupt {
      return false
    }
  }

  @Test(arguments: Way.allCases, [true, false])
  func `reads one checkpoint, whole, whenever the next is saved`(way: Way, movesOn: Bool) throws {
    let path = movesOn ? "/run" : "/run/ckpt-1"
    var seen: Set<Float> = []
    for call in 0... {
      let base = MemoryFileSystem()
      let save = movesOn ? Self.train(base) : Self.overwrite(base)
      try save(1)
      let (system, count) = Self.beside(base, during: call..<call + 1, save)
      let (values, read) = try Self.read(path, way, system)
      guard count() == 2 else { break }
      guard !values.isEmpty else { continue }
      #expect(values == [1] || values == [2], "call \(call): \(values)")
      #expect(read == (movesOn && values == [2] ? "/run/ckpt-2" : "/run/ckpt-1"), "call \(call)")
      seen.formUnion(values)
    }
    #expect(seen.isEmpty || seen == [1, 2])
  }

  @Test(arguments: Way.allCases, [true, false])
  func `succeeds, or ends with busy and not with damage, if somebody saves at every call`(
    way: Way, movesOn: Bool
  ) throws {
    let path = movesOn ? "/run" : "/run/ckpt-1"
    for call in TestCases.every(4, of: [0, 2, 5, 13]) {
      let base = MemoryFileSystem()
      let save = movesOn ? Self.train(base) : Self.overwrite(base)
      try save(1)
      let (system, count) = Self.beside(base, during: call..<(call + 60), save)
      do {
        let (values, _) = try Self.read(path, way, system)
        guard count() > 1 else { break }
        #expect(values.count <= 1, "call \(call): \(values)")
      } catch {
        let error = try #require(error as? CheckpointError)
        #expect(error.code == .busy, "call \(call): \(error)")
      }
    }
  }

  @Test(arguments: ["ckpt-1", "ckpt-1.index", "ckpt-1.data-00000-of-00001"])
  func `who names a checkpoint gets that one, or hears that it was deleted`(name: String) throws {
    var reasons: Set<CheckpointError.Code> = []
    for call in 0... {
      let base = MemoryFileSystem()
      let train = Self.train(base)
      try train(1)
      let (system, count) = Self.beside(base, during: call..<call + 1, train)
      do {
        let (values, read) = try Self.read("/run/\(name)", .saver, system)
        guard count() == 2 else { break }
        #expect(values == [1] && read == "/run/ckpt-1", "call \(call)")
      } catch {
        let error = try #require(error as? CheckpointError)
        // Before it was found, it is not there; after that, it was deleted.
        #expect([.notACheckpoint, .notFound].contains(error.code), "call \(call): \(error)")
        reasons.insert(error.code)
      }
    }
    #expect(reasons == [.notACheckpoint, .notFound])
  }

  // Far more data files than may be open at once: some are opened when others have been read.
  @Test(arguments: [RestoreOptions.Placement.transactional, .replacing, .inPlace])
  func `changes no checkpoints after the first variable`(placement: RestoreOptions.Placement) throws
  {
    let base = MemoryFileSystem()
    let names = (0..<300).map { "w\($0)" }
    let save: @Sendable (Float) throws -> Void = { value in
      var writer = try BundleWriter(
        prefix: "/run/m-\(Int(value))", shardByteCounts: Array(repeating: 16, count: names.count),
        options: Self.options(base).files)
      for (shard, name) in names.enumerated() {
        let tensor = Tensor<Float>(repeating: value, shape: [4])
        try writer.add(tensor, for: TensorKey(name), part: nil, shard: shard)
      }
      try writer.finish()
    }
    try save(1)
    // All threads that read wait while one of them saves and removes: the files behind are read after
    // that.
    let isDone = Mutex(false)
    let system = InterceptingFileSystem(base) { _, call throws(CheckpointError) in
      guard call.kind == .read, call.path.hasPrefix("/run/m-1.data-") else { return }
      isDone.withLock { isDone in
        guard !isDone, call.path == "/run/m-1.data-00150-of-00300" else { return }
        isDone = true
        do {
          try save(2)
          let removal = try BundleRemoval(of: "/run/m-1", options: Self.options(base).files)
          try removal.removeIndex()
          try removal.removeData()
          try removal.finish()
        } catch {
          Issue.record(error)
        }
      }
    }
    let variables = names.map { Variable<Float>(repeating: 0, shape: [4], name: $0) }
    let saver = try Saver(variables, options: Self.options(system))
    var problem: CheckpointError?
    do throws(CheckpointError) {
      try saver.restore(from: "/run", options: RestoreOptions(placement: placement))
    } catch {
      problem = error
    }
    let values = Set(variables.flatMap { $0.value.array })
    if placement == .transactional {
      #expect(problem == nil && values == [2], "\(String(describing: problem))")
    } else {
      #expect(problem?.code == .notFound)
      let text = problem?.message ?? ""
      #expect(text.contains("was deleted while it was being read"), "\(text)")
      #expect(text.contains(" of 300 variables have changed before"), "\(text)")
      #expect(values == [0, 1])
    }
  }
}
