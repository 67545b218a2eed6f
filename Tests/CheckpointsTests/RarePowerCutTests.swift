import CheckpointBundle
import CheckpointIO
import CheckpointPlatform
import CheckpointPlans
import CheckpointStore
import CheckpointTensors
import CheckpointTestSupport
import Checkpoints
import Testing

/// Proves for what is seldom done to a directory what `PowerCutTests` prove for saves: conversions, repairs,
/// and saves by several processes.
@Suite struct RarePowerCutTests {
  private static let prefix = "/run/m"

  private func save(_ value: Float, to path: String, _ system: MemoryFileSystem) throws {
    let variable = Variable<Float>(repeating: value, shape: [9])
    var settings = Saver.Settings()
    settings.retention = .all
    try Saver(["w": variable], settings: settings, options: options(system)).save(to: path)
  }

  private func options(_ system: MemoryFileSystem) -> SaveOptions {
    var options = SaveOptions()
    options.fileSystem = system
    return options
  }

  /// Judges everything that may be left at any moment, each once, and then what may be left at the end.
  private func check(
    _ system: MemoryFileSystem, _ events: [MemoryFileSystem.Event]? = nil,
    _ judge: (MemoryFileSystem, _ isAfter: Bool, String) throws -> Void
  ) throws {
    var cut = PowerCut(system.start)
    var count = 0
    for (number, event) in (events ?? system.log).enumerated() {
      for image in cut.newImages(after: event) {
        count += 1
        let what = "after call \(number), \(event): \(image.files.mapValues(\.count))"
        do { try judge(MemoryFileSystem(image), false, what) } catch {
          Issue.record("\(error) \(what)")
        }
      }
    }
    for image in cut.images() {
      try judge(MemoryFileSystem(image), true, "at the end: \(image.files.mapValues(\.count))")
    }
    #expect(count > 10)
  }

  // What processes say to each other, in a directory of its own, is no part of a checkpoint.
  private func withoutMeetings(_ log: [MemoryFileSystem.Event]) -> [MemoryFileSystem.Event] {
    var messages: Set<Int> = []
    return log.filter { event in
      switch event {
      case .names(let names):
        guard names.keys.contains(where: { Path($0).directory != "/run" }) else { return true }
        for case .file(let file)? in names.values { messages.insert(file) }
        return false
      case .content(let file, _), .fileSync(let file): return !messages.contains(file)
      case .directorySync, .directoryRename: return true
      }
    }
  }

  private func expectNoLitter(_ system: MemoryFileSystem, _ what: String) {
    let litter = system.paths.filter { $0.contains("swift-checkpoints") }
    #expect(litter.isEmpty, "\(litter) \(what)")
  }

  // MARK: Conversions

  @Test(arguments: CheckpointFormat.allCases)
  func `a conversion leaves the old checkpoint or the new one`(format: CheckpointFormat) throws {
    func convert(_ system: MemoryFileSystem) throws {
      var options = CheckpointConversion.Options()
      (options.format, options.overwrites, options.fileSystem) = (format, true, system)
      let conversion = try CheckpointConversion(
        from: "/run/source", to: Self.prefix, options: options)
      try conversion.run()
    }
    let before = MemoryFileSystem()
    try save(1, to: "/run/source", before)
    try convert(before)
    try save(2, to: "/run/source", before)
    let system = MemoryFileSystem(before.image)
    try convert(system)
    try check(system) { left, isAfter, what in
      let value = try SaveScenario.value(Self.prefix, left)
      #expect(value == 2 || (value == 1 && !isAfter), "\(what)")
      #expect(try SaveScenario.value("/run/source", left) == 2, "\(what)")
      try convert(left)
      #expect(try SaveScenario.value(Self.prefix, left) == 2, "\(what)")
      expectNoLitter(left, what)
    }
  }

  // MARK: Repairs

  // A save died before its commit, another one after it, and the state file leads nowhere.
  @Test func `a repair takes nothing away that is whole, and can be done again`() throws {
    let before = MemoryFileSystem()
    try save(1, to: Self.prefix, before)
    for commits in [false, true] {
      try dieWhileOverwriting(before, commits: commits)
    }
    var image = before.image
    image.files["/run/checkpoint"] = Array("model_checkpoint_path: \"gone\"".utf8)
    let value = try SaveScenario.value(Self.prefix, before)
    func repair(_ system: MemoryFileSystem) throws {
      _ = try CheckpointDirectory.Audit(of: "/run", fileSystem: system).repair()
    }
    let system = MemoryFileSystem(image)
    try repair(system)
    try check(system) { left, isAfter, what in
      #expect(try SaveScenario.value(Self.prefix, left) == value, "\(what)")
      try repair(left)
      #expect(try SaveScenario.value(Self.prefix, left) == value, "\(what)")
      #expect(try CheckpointDirectory("/run", fileSystem: left).latest() == Self.prefix, "\(what)")
      expectNoLitter(left, what)
    }
  }

  private func dieWhileOverwriting(_ system: MemoryFileSystem, commits: Bool) throws {
    let counting = InterceptingFileSystem(MemoryFileSystem(system.image))
    var options = FileOptions()
    options.fileSystem = counting
    try writeBundle(3, options)
    let commit = try #require(
      counting.calls.firstIndex { $0.kind == .rename && $0.path.hasSuffix(".index") })
    options.fileSystem = InterceptingFileSystem.failing(
      system, at: commit + (commits ? 1 : 0), errno: EIO, forever: true)
    #expect(throws: CheckpointError.self) { try writeBundle(3, options) }
  }

  private func writeBundle(_ value: Float, _ options: FileOptions) throws {
    var writer = try BundleWriter(prefix: Self.prefix, shardByteCounts: [36], options: options)
    try writer.add(Tensor<Float>(repeating: value, shape: [9]), for: "w", part: nil, shard: 0)
    try writer.finish()
  }

  // MARK: Several processes

  @Test(arguments: [false, true])
  func `several processes leave the old checkpoint or the new one`(isOver: Bool) throws {
    let before = MemoryFileSystem()
    if isOver { try save(1, to: Self.prefix, before) }
    let system = MemoryFileSystem(before.image)
    let options = options(system)
    let results = together(2) { rank in
      var options = options
      options.processes = try LaunchedProcesses(rank: rank, count: 2, job: "test")
      let variables = ["w", "v"].map { Variable<Float>(repeating: 2, shape: [9], name: $0) }
      try Saver(variables, options: options).save(to: Self.prefix)
    }
    for result in results { try result.get() }
    try check(system, withoutMeetings(system.log)) { left, isAfter, what in
      let value = try SaveScenario.value(Self.prefix, left)
      #expect(value == 2 || (value == (isOver ? 1 : nil) && !isAfter), "\(what)")
      try save(3, to: Self.prefix, left)
      #expect(try SaveScenario.value(Self.prefix, left) == 3, "\(what)")
      expectNoLitter(left, what)
    }
  }
}
