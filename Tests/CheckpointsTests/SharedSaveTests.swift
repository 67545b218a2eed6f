import CheckpointBundle
import CheckpointIO
import CheckpointPlans
import CheckpointTensors
import CheckpointTestSupport
import Checkpoints
import Foundation
import Testing

/// A process of a job, in a thread: its part of the model, and all that every process has.
private struct Member {
  let rank: Int
  let count: Int
  let directory: String
  var timeout = Duration.seconds(60)
  var axis = 0

  static let shape: TensorShape = [24, 16]

  var options: SaveOptions {
    get throws {
      SaveOptions(
        durability: .none,
        processes: try LaunchedProcesses(rank: rank, count: count, job: "test"),
        processTimeout: timeout)
    }
  }

  func path(_ name: String) -> String { "\(directory)/\(name)" }

  // From where on the whole has this process's part, and how long it is: as even as can be.
  private var place: (start: Int, length: Int) {
    let all = Self.shape[axis]
    return (all * rank / count, all * (rank + 1) / count - all * rank / count)
  }

  /// A table of which this process has a part, with numbers that tell each element from the others.
  func table(_ name: String, from first: Float?) throws -> PartitionedVariable {
    var dimensions = Self.shape.dimensions
    var starts = [0, 0]
    (starts[axis], dimensions[axis]) = place
    let region = TensorRegion(starts: starts, shape: TensorShape(dimensions))
    var numbers: [Float] = []
    for row in starts[0]..<starts[0] + dimensions[0] {
      for column in starts[1]..<starts[1] + dimensions[1] {
        numbers.append((first ?? -1) + Float(row * Self.shape[1] + column))
      }
    }
    if first == nil { numbers = numbers.map { _ in -1 } }
    let part = Variable(Tensor(shape: TensorShape(dimensions), scalars: numbers))
    return try PartitionedVariable(
      [(TensorSlice(starts: region.starts, shape: region.shape), part)], shape: Self.shape,
      name: name, allowsGaps: true)
  }

  /// The model, its optimizer's slots, and what all processes have.
  func variables(from first: Float?) throws -> [String: any TensorVariable] {
    var variables: [String: any TensorVariable] = [
      "table": try table("table", from: first),
      "table/m": try table("table/m", from: first.map { $0 + 1e4 }),
      "table/v": try table("table/v", from: first.map { $0 + 2e4 }),
      "step": Variable<Int64>(Int64(first ?? -1)),
    ]
    for layer in 0..<5 {
      variables["layer\(layer)/w"] = Variable(
        Tensor<Float>(repeating: first ?? -1, shape: [layer + 1, 7]), name: "layer\(layer)/w")
    }
    return variables
  }

  func save(_ first: Float, to name: String) throws {
    try Saver(variables(from: first), options: options).save(to: path(name))
  }

  /// Restores into variables of other values, and compares with what they should be.
  func restoresExactly(_ first: Float, from name: String) throws -> Bool {
    let (restored, expected) = (try variables(from: nil), try variables(from: first))
    try Saver(restored).restore(from: path(name))
    for (name, variable) in restored {
      guard let other = expected[name] else { return false }
      let pairs = zip(Self.leaves(variable), Self.leaves(other))
      for (one, two) in pairs where try one.tensorSnapshot() != two.tensorSnapshot() {
        return false
      }
    }
    return true
  }

  private static func leaves(_ variable: any TensorVariable) -> [any TensorVariable] {
    (variable as? PartitionedVariable)?.parts.map(\.variable) ?? [variable]
  }
}

/// Processes of a launcher that numbers the last one too high.
private struct Misnumbered: ProcessGroup {
  let own: LaunchedProcesses
  var rank: Int { own.rank == 0 ? 0 : own.count }
  var count: Int { own.count }

  func gather(_ bytes: [UInt8], timeout: Duration) throws(CheckpointError) -> [[UInt8]]? {
    try own.gather(bytes, timeout: timeout)
  }

  func broadcast(_ bytes: [UInt8]?, timeout: Duration) throws(CheckpointError) -> [UInt8] {
    try own.broadcast(bytes, timeout: timeout)
  }
}

extension Result where Failure == any Error {
  fileprivate var error: CheckpointError? {
    if case .failure(let error) = self { error as? CheckpointError } else { nil }
  }
}

/// Proves that several processes save one checkpoint, whole, and restore it in any number.
@Suite struct SharedSaveTests {
  private let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory("shared") }

  private func saved(by count: Int, _ first: Float = 5, to name: String = "model", axis: Int = 0)
    throws
  {
    let path = directory.path
    for result in together(
      count,
      { rank in
        try Member(rank: rank, count: count, directory: path, axis: axis).save(first, to: name)
      })
    { try result.get() }
  }

  @Test(arguments: 1...8)
  func `what some processes have saved, any number restores bit for bit`(count: Int) throws {
    let path = directory.path
    try saved(by: count, axis: count % 2)
    for others in 1...8 {
      for axis in 0...1 {
        for rank in 0..<others {
          let member = Member(rank: rank, count: others, directory: path, axis: axis)
          #expect(try member.restoresExactly(5, from: "model"), "\(others) processes, axis \(axis)")
        }
      }
    }
  }

  @Test(arguments: [1, 2, 4, 8])
  func `leaves the checkpoint and its state file, and nothing else`(count: Int) throws {
    try saved(by: count)
    let files = (0..<count).map { DataFileName(prefix: "model", shard: $0, count: count).text }
    #expect(directory.names == (["checkpoint", "model.index"] + files).sorted())
    try saved(by: count, 6)
    let second = try CheckpointReader(directory.path("model"))
    #expect(try second.entries().count == 9)
    #expect(directory.names.count == count + 2, "\(directory.names)")
  }

  @Test func `on a free prefix, the index is the one that a merge of parts makes`() throws {
    let path = directory.path
    let names = ["a", "b/c", "table"]
    let results = together(3) { rank in
      let member = Member(rank: rank, count: 3, directory: path)
      let tables = try names.map { try member.table($0, from: 3) }
      try Saver(tables, options: member.options).save(to: member.path("model"))
      let part = SaveOptions(durability: .none)
      try Saver(tables, options: part).save(to: member.path("part\(rank)"))
    }
    for result in results { try result.get() }
    try BundleMerger.merge(
      (0..<3).map { directory.path("part\($0)") }, into: directory.path("merged"))
    #expect(try directory.bytes("model.index") == directory.bytes("merged.index"))
    for shard in 0..<3 {
      let name = DataFileName(prefix: "model", shard: shard, count: 3).text
      let merged = DataFileName(prefix: "merged", shard: shard, count: 3).text
      #expect(try directory.bytes(name) == directory.bytes(merged))
    }
  }

  @Test func `a process without tensors writes no data file, and is not counted`() throws {
    let path = directory.path
    let results = together(3) { rank in
      let member = Member(rank: rank, count: 3, directory: path)
      let variables: [String: any TensorVariable] = [
        "a": Variable<Float>(1), "b": Variable<Float>(2),
      ]
      return try Saver(variables, options: member.options).save(to: member.path("model"))
    }
    for result in results { #expect(try result.get() == directory.path("model")) }
    #expect(directory.names.contains("model.data-00001-of-00002"))
    #expect(directory.names.count == 4)
  }

  @Test func `variables that all have are dealt out by size`() throws {
    let path = directory.path
    let results = together(2) { rank in
      let member = Member(rank: rank, count: 2, directory: path)
      var variables: [String: any TensorVariable] = [:]
      for (index, length) in [100, 90, 60, 50, 40, 10].enumerated() {
        variables["w\(index)"] = Variable(Tensor<Float>(repeating: 1, shape: [length]))
      }
      return try Saver(variables, options: member.options).save(to: member.path("model"))
    }
    for result in results { _ = try result.get() }
    let sizes = try (0..<2).map { rank in
      try directory.bytes("model.data-0000\(rank)-of-00002").count
    }
    #expect(sizes == [4 * (100 + 50 + 40), 4 * (90 + 60 + 10)])
  }

  // MARK: What goes wrong

  @Test func `what one process cannot save, none does, and all say why`() throws {
    try saved(by: 3, 1)
    let path = directory.path
    let before = directory.names
    let results = together(3) { rank in
      let member = Member(rank: rank, count: 3, directory: path)
      var variables = try member.variables(from: 2)
      if rank == 1 { variables["step"] = Variable(Tensor<Int64>([1, 2])) }
      try Saver(variables, options: member.options).save(to: member.path("model"))
    }
    for result in results {
      #expect(result.error?.code == .mismatch)
      #expect(
        result.error?.message.contains("process 1 has other variables than process 0") == true)
    }
    #expect(directory.names == before)
    #expect(try Member(rank: 0, count: 1, directory: path).restoresExactly(1, from: "model"))
  }

  @Test func `parts that overlap, or do not make all, are an error everywhere`() throws {
    let path = directory.path
    for (starts, what) in [
      ([0, 8, 8], "overlap"), ([0, 8, 20], "two of the processes"), ([0, 8, 30], "elements"),
    ] {
      let results = together(3) { rank in
        let member = Member(rank: rank, count: 3, directory: path)
        let start = what == "two of the processes" && rank == 2 ? 8 : starts[rank]
        let length = what == "overlap" && rank == 2 ? 9 : 8
        let part = Variable(Tensor<Float>(repeating: 1, shape: [length]))
        let table = try PartitionedVariable(
          [(TensorSlice(starts: [start], shape: [length]), part)], shape: [40], name: "t",
          allowsGaps: true)
        try Saver([table], options: member.options).save(to: member.path("model"))
      }
      for result in results {
        #expect(result.error != nil, "\(what)")
        #expect("\(result.error.map { "\($0)" } ?? "")".contains(what), "\(what): \(result)")
      }
      #expect(directory.names.isEmpty, "\(what): \(directory.names)")
    }
  }

  @Test func `processes that do not come are named, and the next save succeeds`() throws {
    try saved(by: 4, 1)
    let path = directory.path
    let results = together(4) { rank in
      guard rank < 2 else { return }
      try Member(rank: rank, count: 4, directory: path, timeout: .milliseconds(300))
        .save(2, to: "model")
    }
    for rank in 0..<2 {
      #expect(results[rank].error?.code == .timedOut)
      #expect(results[rank].error?.message.contains("processes 2, 3 of 4 did not come") == true)
    }
    #expect(try Member(rank: 0, count: 1, directory: path).restoresExactly(1, from: "model"))
    // Those that have missed a call may have older values: they hear so, once.
    let again = together(4) { rank in
      try Member(rank: rank, count: 4, directory: path).save(3, to: "model")
    }
    for result in again {
      #expect(result.error?.problems.count == 2)
      #expect("\(result.error.map { "\($0)" } ?? "")".contains("process 3: it is at call 2 here"))
    }
    try saved(by: 4, 4)
    #expect(try Member(rank: 0, count: 1, directory: path).restoresExactly(4, from: "model"))
    #expect(directory.names.count == 6, "\(directory.names)")
  }

  @Test func `without process 0 the others end, and name it`() throws {
    let path = directory.path
    let results = together(3) { rank in
      guard rank > 0 else { return }
      try Member(rank: rank, count: 3, directory: path, timeout: .milliseconds(200))
        .save(2, to: "model")
    }
    for result in results.dropFirst() {
      #expect(result.error?.code == .timedOut)
      #expect(result.error?.message.contains("process 0 of 3 did not come") == true)
    }
    #expect(directory.names.isEmpty)
  }

  @Test func `what a dead attempt has told is not taken for an answer`() throws {
    let path = directory.path
    // Processes 1 and 2 come, wait for the dead process 0 of an earlier attempt, and then for the new one.
    let stale = directory.path("model.meeting-test-\(jobSum).swift-checkpoints-tmp")
    try FileManager.default.createDirectory(atPath: stale, withIntermediateDirectories: true)
    let number = Array("feed beef".utf8)
    var checksum = CRC32C()
    unsafe checksum.update(number.span.bytes)
    var hello = ByteWriter()
    hello.write(number)
    hello.write(checksum.masked)
    try Data(hello.bytes).write(to: URL(fileURLWithPath: stale + "/hello"))
    try Data(SaveNote.file.bytes).write(
      to: URL(
        fileURLWithPath: directory.path("model.meeting-test-\(jobSum).swift-checkpoints-lock")))
    let results = together(3) { rank in
      if rank == 0 { pause(for: .milliseconds(150)) }
      try Member(rank: rank, count: 3, directory: path).save(7, to: "model")
    }
    for result in results { try result.get() }
    #expect(directory.names.count == 5, "\(directory.names)")
  }

  private var jobSum: String {
    var checksum = CRC32C()
    let bytes = Array("test".utf8)
    unsafe checksum.update(bytes.span.bytes)
    return String(checksum.masked, radix: 16)
  }

  @Test func `what a process has that comes too late gets into no other save`() throws {
    try saved(by: 3, 1)
    let path = directory.path
    let results = together(3) { rank -> CheckpointError? in
      var member = Member(rank: rank, count: 3, directory: path, timeout: .milliseconds(400))
      if rank == 2 { pause(for: .seconds(1)) }
      var first: CheckpointError?
      do { try member.save(2, to: "model") } catch { first = error as? CheckpointError }
      member.timeout = .seconds(30)
      // The late one's first call meets the others' second one, and all hear so.
      if rank < 2 {
        do { try member.save(3, to: "model") } catch {
          first = first ?? (error as? CheckpointError)
        }
      }
      try member.save(4, to: "model")
      return first
    }
    #expect(try results[0].get()?.message.contains("process 2 of 3 did not come") == true)
    #expect(try results[1].get()?.code == .timedOut)
    #expect(try results[2].get()?.message.contains("process 2: it is at call 2 here") == true)
    #expect(try Member(rank: 0, count: 1, directory: path).restoresExactly(4, from: "model"))
    #expect(directory.names.allSatisfy { !$0.contains("swift-checkpoints") }, "\(directory.names)")
  }

  @Test func `processes that do not agree on what they do all hear so`() throws {
    let path = directory.path
    let results = together(3) { rank in
      let member = Member(rank: rank, count: 3, directory: path, timeout: .seconds(5))
      var options = try member.options
      if rank == 1 { options.durability = .full }
      try Saver(["a": Variable<Float>(1)], options: options).save(to: member.path("model"))
    }
    for result in results {
      #expect(result.error?.message.contains("process 1 has another durability") == true)
    }
    let mixed = together(2) { rank in
      let member = Member(rank: rank, count: 2, directory: path, timeout: .seconds(5))
      let objects = try Checkpoint(["a": Variable<Float>(1)], options: member.options)
      let manager = try CheckpointManager(objects, directory: path, retention: .all)
      if rank == 0 { try manager.save() } else { try manager.restoreOrInitialize() }
    }
    for result in mixed {
      #expect(result.error?.message.contains("'a restore', and process 0 at 'a save'") == true)
    }
  }

  @Test func `a process whose number is none of the group's is told so, and all hear it`() throws {
    let path = directory.path
    let results = together(2) { rank in
      let member = Member(rank: rank, count: 2, directory: path)
      let own = try LaunchedProcesses(rank: rank, count: 2, directory: path)
      let options = SaveOptions(
        durability: .none, processes: Misnumbered(own: own), processTimeout: .seconds(20))
      try Saver([member.table("table", from: 1)], options: options).save(to: member.path("model"))
    }
    for result in results {
      #expect(result.error?.code == .mismatch)
      #expect(result.error?.message.contains("process 0 says nothing of process 2") == true)
    }
    #expect(!directory.names.contains("model.index"))
  }

  @Test func `what no process has a tensor of is no checkpoint, and all hear so`() throws {
    let path = directory.path
    let results = together(2) { rank in
      let member = Member(rank: rank, count: 2, directory: path, timeout: .seconds(20))
      var settings = Saver.Settings()
      settings.allowsEmpty = true
      try Saver([:], settings: settings, options: member.options).save(to: member.path("model"))
    }
    for result in results {
      #expect(result.error?.code == .invalidArgument)
      #expect(result.error?.message.contains("a checkpoint holds one tensor at least") == true)
    }
    let left = directory.names.filter { $0.hasPrefix("model.") }
    #expect(left.allSatisfy { $0.contains("swift-checkpoints") }, "\(left)")
  }

  @Test func `what one process cannot save in the background, all hear`() throws {
    let path = directory.path
    let results = together(3) { rank in
      let member = Member(rank: rank, count: 3, directory: path, timeout: .seconds(20))
      let objects = try Checkpoint(["a": Variable<Float>(1)], options: member.options)
      let manager = try CheckpointManager(
        objects, directory: path, retention: .all, saving: .always)
      if rank == 2 {
        try manager.saveInBackground(step: -1)?.wait()
      } else {
        try manager.saveInBackground(step: 1)?.wait()
      }
    }
    for result in results { #expect(result.error != nil) }
    #expect(directory.names.allSatisfy { !$0.hasSuffix(".index") })
  }

  @Test func `nothing of somebody else's becomes a place to meet`() throws {
    let path = directory.path
    let place = directory.path("model.meeting-test-\(jobSum).swift-checkpoints-tmp")
    let other = try TemporaryDirectory("other")
    try other.write([1, 2, 3], to: "thesis")
    try FileManager.default.createSymbolicLink(atPath: place, withDestinationPath: other.path)
    let results = together(2) { rank in
      try Member(rank: rank, count: 2, directory: path, timeout: .milliseconds(300))
        .save(1, to: "model")
    }
    #expect(results[0].error?.code == .pathConflict)
    #expect(results[1].error?.code == .timedOut)
    #expect(other.names == ["thesis"])
  }

  @Test func `two jobs in one directory keep apart`() throws {
    let path = directory.path
    let results = together(6) { number in
      let (rank, job) = (number % 3, number / 3)
      let group = try LaunchedProcesses(rank: rank, count: 3, job: "job\(job)")
      let member = Member(rank: rank, count: 3, directory: path)
      var settings = Saver.Settings()
      settings.updatesState = false
      let options = SaveOptions(durability: .none, processes: group, processTimeout: .seconds(60))
      for value in 0..<5 {
        try Saver(
          member.variables(from: Float(10 * job + value)), settings: settings, options: options
        ).save(to: member.path("model\(job)"))
      }
    }
    for result in results { try result.get() }
    for job in 0..<2 {
      let member = Member(rank: 0, count: 1, directory: path)
      #expect(try member.restoresExactly(Float(10 * job + 4), from: "model\(job)"))
    }
    #expect(directory.names.allSatisfy { !$0.contains("swift-checkpoints") })
  }

  // MARK: Objects and managers

  @Test func `objects are saved with one graph, and other objects are refused`() throws {
    let path = directory.path
    let paths = together(3) { rank in
      let member = Member(rank: rank, count: 3, directory: path)
      let objects = try Checkpoint(
        ["table": member.table("table", from: 3), "step": Variable<Int64>(7)],
        options: member.options)
      return [try objects.save(to: member.path("ckpt")), try objects.save(to: member.path("ckpt"))]
    }
    for result in paths {
      #expect(try result.get() == [1, 2].map { directory.path("ckpt-\($0)") })
    }
    #expect(try CheckpointDirectory(path).latest() == directory.path("ckpt-2"))
    let table = try Member(rank: 0, count: 1, directory: path).table("table", from: nil)
    let step = Variable<Int64>(0)
    try Checkpoint(["table": table, "step": step]).restore(from: directory.path("ckpt-2"))
      .assertConsumed()
    #expect(step.value[] == 7)
    let refused = together(3) { rank in
      let member = Member(rank: rank, count: 3, directory: path)
      let name = rank == 2 ? "b" : "a"
      try Checkpoint([:], options: member.options).track(Variable<Int64>(7), as: name)
      let objects = try Checkpoint([:], options: member.options)
      try objects.track(Variable<Int64>(7), as: name)
      try objects.write(to: member.path("other"))
    }
    for result in refused { #expect(result.error?.message.contains("process 2") == true) }
  }

  @Test(arguments: [false, true])
  func `states of each process come back where there are as many`(inBackground: Bool) throws {
    let path = directory.path
    let saved = together(3) { rank in
      let member = Member(rank: rank, count: 3, directory: path)
      let options = try member.options
      let group = try #require(options.processes)
      let state = RunState("position \(rank)")
      let objects = try Checkpoint(["position": PerProcess(state, of: group)], options: options)
      guard inBackground else { return try objects.save(to: member.path("ckpt")) }
      let manager = try CheckpointManager(objects, directory: path, retention: .all)
      let save = try manager.saveInBackground()
      state.value = "another"
      return try save?.wait()?.path ?? ""
    }
    for result in saved { #expect(try result.get() == directory.path("ckpt-1")) }
    for count in [2, 3] {
      for rank in 0..<count {
        let group = try LaunchedProcesses(rank: rank, count: count, job: "other")
        let state = RunState("new")
        try Checkpoint(["position": PerProcess(state, of: group)])
          .restore(from: directory.path("ckpt-1")).assertConsumed()
        #expect(state.value == (count == 3 ? "position \(rank)" : "new"))
      }
    }
  }

  @Test func `a state that was saved alone is that of one process`() throws {
    let path = directory.path("ckpt")
    func state(_ value: String, of rank: Int) throws -> PerProcess {
      PerProcess(RunState(value), of: try LaunchedProcesses(rank: rank, count: 3))
    }
    // Without SaveOptions(processes:), nobody puts the states together.
    try Checkpoint(["position": state("position 1", of: 1)]).write(to: path)
    for rank in 0..<3 {
      let own = try state("new", of: rank)
      let objects = try Checkpoint(["position": own])
      if rank == 1 {
        try objects.restore(from: path).assertConsumed()
      } else {
        let error = #expect(throws: CheckpointError.self) { try objects.restore(from: path) }
        #expect(error?.code == .mismatch)
        #expect(error?.key?.hasPrefix("position") == true)
        #expect(error?.message == "the state of process \(rank) of 3 was not saved")
      }
      #expect((own.state as? RunState<String>)?.value == (rank == 1 ? "position 1" : "new"))
    }
  }

  @Test func `a state of the whole program is none of its processes'`() throws {
    let path = directory.path("ckpt")
    try Checkpoint(["position": RunState("position")]).write(to: path)
    let own = RunState("new")
    let group = try LaunchedProcesses(rank: 0, count: 1)
    let error = #expect(throws: CheckpointError.self) {
      try Checkpoint(["position": PerProcess(own, of: group)]).restore(from: path).expectPartial()
    }
    #expect(error?.code == .mismatch)
    #expect(
      error?.message.hasPrefix("the stored state is not one of several processes: ") == true)
    #expect(own.value == "new")
  }

  @Test func `no process initializes if everything is damaged`() throws {
    let path = directory.path
    let saved = together(2) { rank in
      let member = Member(rank: rank, count: 2, directory: path)
      let objects = try Checkpoint(
        ["table": member.table("table", from: 1)], options: member.options)
      try CheckpointManager(objects, directory: path, retention: .all).save()
    }
    for result in saved { try result.get() }
    var index = try directory.bytes("ckpt-1.index")
    index[index.count / 3] ^= 4
    try directory.write(index, to: "ckpt-1.index")
    let results = together(2) { rank in
      let member = Member(rank: rank, count: 2, directory: path)
      let objects = try Checkpoint(
        ["table": member.table("table", from: nil)], options: member.options)
      try CheckpointManager(objects, directory: path, retention: .all)
        .restoreOrInitialize { Issue.record("initialized") }
    }
    for result in results {
      #expect(result.error?.code == .corrupt && result.error?.file == path)
      #expect(result.error?.message.hasPrefix("the only checkpoint is damaged; ") == true)
      #expect(result.error?.problems.count == 1)
    }
  }

  @Test func `a manager forgets what its processes could not save, and saves the next`() throws {
    let path = directory.path
    let results = together(2) { rank in
      let member = Member(rank: rank, count: 2, directory: path)
      let step = Variable(Tensor<Int64>(repeating: 7, shape: rank == 0 ? [2] : [3]))
      let objects = try Checkpoint(["step": step], options: member.options)
      let manager = try CheckpointManager(objects, directory: path, retention: .all)
      let error = #expect(throws: CheckpointError.self) { try manager.save() }
      let left = manager.checkpoints.map(\.path)
      step.value = Tensor([7])
      return (error, left, try manager.save()?.path)
    }
    for result in results {
      let (error, left, next) = try result.get()
      #expect(
        error?.message.contains("process 1 has other variables than process 0") == true)
      #expect(left == [])
      #expect(next == "\(path)/ckpt-2")
    }
    let history = String(decoding: try directory.bytes("ckpt.history.json"), as: UTF8.self)
    #expect(history.contains("\"ckpt-2\"") && !history.contains("\"ckpt-1\""), "\(history)")
    #expect(directory.names.allSatisfy { !$0.hasPrefix("ckpt-1") }, "\(directory.names)")
  }

  @Test(arguments: [false, true])
  func `a manager's options count, and not those of its saver`(inBackground: Bool) throws {
    let path = directory.path
    let saved = together(2) { rank in
      let member = Member(rank: rank, count: 2, directory: path)
      let words = Variable<String>(["a", "b"])
      let saver = try Saver(
        ["words": words, "table": member.table("table", from: 1)],
        options: SaveOptions(format: .safetensors, omitsUnsupported: true))
      let manager = try CheckpointManager(
        saver, directory: path + "/run", retention: .all, options: member.options)
      guard inBackground else { return try manager.save()?.path }
      return try manager.saveInBackground()?.wait()?.path
    }
    for result in saved { #expect(try result.get() == "\(path)/run/ckpt-1") }
    let reader = try CheckpointReader("\(path)/run/ckpt-1")
    #expect(try reader.entries().map(\.key) == ["table", "words"])
  }

  @Test(arguments: [false, true])
  func `a manager's numbers and results are those of process 0`(inBackground: Bool) throws {
    let path = directory.path
    let results = together(4) { rank in
      let member = Member(rank: rank, count: 4, directory: path)
      let table = try member.table("table", from: 1)
      let objects = try Checkpoint(["table": table], options: member.options)
      let manager = try CheckpointManager(objects, directory: path + "/run", retention: .latest(2))
      #expect(try manager.restoreOrInitialize() == nil)
      var lines: [String] = []
      for _ in 0..<4 {
        let saved =
          inBackground
          ? try manager.saveInBackground()?.wait() : try manager.save(metrics: ["a": 1])
        lines.append("\(saved?.path ?? "-") \(saved?.removed.map(\.path) ?? [])")
      }
      lines.append("\(manager.checkpoints.map(\.path)) \(manager.latest ?? "-")")
      return lines
    }
    let first = try results[0].get()
    #expect(first[3] == "\(path)/run/ckpt-4 [\"\(path)/run/ckpt-2\"]")
    for result in results { #expect(try result.get() == first) }
    #expect(directory.names.allSatisfy { !$0.contains("swift-checkpoints") })
    let restored = together(3) { rank in
      let member = Member(rank: rank, count: 3, directory: path)
      let table = try member.table("table", from: nil)
      let objects = try Checkpoint(["table": table], options: member.options)
      let manager = try CheckpointManager(objects, directory: path + "/run", retention: .latest(2))
      let restored = try manager.restoreOrInitialize()
      let expected = try member.table("table", from: 1)
      #expect(
        try table.parts[0].variable.tensorSnapshot()
          == expected.parts[0].variable.tensorSnapshot())
      return restored?.path
    }
    for result in restored { #expect(try result.get() == "\(path)/run/ckpt-4") }
  }

  @Test(arguments: [false, true])
  func `one process that forces a save is enough, or all hear that it is not`(inBackground: Bool)
    throws
  {
    let path = directory.path
    let results = together(3) { rank in
      let member = Member(rank: rank, count: 3, directory: path, timeout: .seconds(20))
      let objects = try Checkpoint(["a": Variable<Float>(1)], options: member.options)
      let manager = try CheckpointManager(
        objects, directory: path + "/run", retention: .all, saving: .everySteps(100))
      #expect(try manager.save(step: 1) != nil)
      #expect(try manager.save(step: 2) == nil)
      if inBackground {  // nobody saves a step twice, not even by force
        #expect(try manager.saveInBackground(step: 1, force: true)?.wait() == nil)
        #expect(try manager.saveInBackground(step: 1, force: rank == 2)?.wait() == nil)
      }
      guard inBackground else { return try manager.save(step: 3, force: rank == 2)?.path }
      return try manager.saveInBackground(step: 3, force: rank == 2)?.wait()?.path
    }
    for result in results {
      guard inBackground else {
        #expect(try result.get() == "\(path)/run/ckpt-3")
        continue
      }
      #expect(
        result.error?.message.contains("process 2 forces a save, and for process 0") == true)
    }
    #expect(directory.names.allSatisfy { !$0.contains("swift-checkpoints") })
  }

  @Test(arguments: [false, true])
  func `steps are compared, of a counter too`(inBackground: Bool) throws {
    let path = directory.path
    let results = together(2) { rank in
      let member = Member(rank: rank, count: 2, directory: path, timeout: .seconds(20))
      let step = Variable<Int64>(rank == 1 ? 5 : 10)
      let objects = try Checkpoint(["step": step], options: member.options)
      let manager = try CheckpointManager(
        objects, directory: path + "/run", retention: .all, stepCounter: step)
      if inBackground { try manager.saveInBackground()?.wait() } else { try manager.save() }
    }
    for result in results {
      #expect(
        result.error?.message.contains("process 1 saves step 5, process 0 step 10") == true)
    }
    #expect(directory.names.allSatisfy { !$0.hasSuffix(".index") })
  }

  @Test func `only V2 is saved by several, and a manager waits for the save before`() throws {
    let path = directory.path
    let results = together(2) { rank in
      let member = Member(rank: rank, count: 2, directory: path)
      var options = try member.options
      options.format = .safetensors
      try Saver(["a": Variable<Float>(1)], options: options).save(to: member.path("m.safetensors"))
    }
    for result in results {
      #expect(result.error?.code == .unsupported)
      let problems = result.error?.problems.map(\.message) ?? []
      #expect(problems.count == 2)
      #expect(problems.allSatisfy { $0.contains("in the format V2 only, not as ") }, "\(problems)")
    }
    let objects = try Checkpoint(
      ["a": Variable<Float>(1)], options: Member(rank: 0, count: 1, directory: path).options)
    let manager = try CheckpointManager(objects, directory: path, retention: .latest(2))
    #expect(throws: CheckpointError.self) { try manager.saveInBackground(whenBusy: .skip) }
  }
}
