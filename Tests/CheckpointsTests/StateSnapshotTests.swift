import CheckpointStore
import CheckpointPlans
import CheckpointBundle
import CheckpointGraph
import CheckpointIO
import CheckpointTensors
import CheckpointTestSupport
import Checkpoints
import Testing

/// Proves that a save asks for a state, or for strings, once: how much room they need, into which file
/// they go, and what is written is about the same values.
@Suite struct StateSnapshotTests {
  let system = MemoryFileSystem()

  init() { system.setAvailableByteCount(1 << 30) }  // it is looked at before a save

  var options: SaveOptions {
    var options = SaveOptions()
    options.fileSystem = system
    return options
  }

  /// A state that is another one whenever somebody asks, and longer.
  private final class Ticket: StateRepresentable {
    private(set) var count = 0

    func stateBytes() -> [UInt8] {
      count += 1
      return Array(String(repeating: "x", count: count * count).utf8)
    }

    func restoreState(_ bytes: [UInt8]) {}
  }

  /// Strings that are others whenever somebody asks.
  private final class Log: TensorVariable {
    let name: String?
    let device: String?
    private(set) var count = 0
    var tensorSpec: TensorSpec { TensorSpec(.string, [2]) }

    init(_ name: String, device: String? = nil) { (self.name, self.device) = (name, device) }

    func withTensorBytes<Result>(_ body: (RawSpan) throws(CheckpointError) -> Result)
      throws(CheckpointError) -> Result
    {
      throw CheckpointError(.unsupported, "strings")
    }

    func setTensor(_ tensor: AnyTensor) {}

    func tensorSnapshot() throws(CheckpointError) -> AnyTensor {
      count += 1
      return try AnyTensor(tensorSpec, .strings([Array("\(count)".utf8), [0]]))
    }
  }

  private func state(_ prefix: String) throws -> [[UInt8]]? {
    try BundleReader(prefix: prefix, fileSystem: system)
      .tensor(for: "ticket/.ATTRIBUTES/py_state").strings
  }

  @Test func `asks for a state once a save`() throws {
    let ticket = Ticket()
    let checkpoint = try Checkpoint(["ticket": ticket], options: options)
    try checkpoint.write(to: "/run/a")
    #expect(ticket.count == 1)
    #expect(try state("/run/a") == [Array("x".utf8)])
    try checkpoint.save(to: "/run/b")
    #expect(ticket.count == 2)
    #expect(try state("/run/b-1") == [Array("xxxx".utf8)])
  }

  @Test func `asks for a state once a save of a manager, in the background or not`() throws {
    let ticket = Ticket()
    let checkpoint = try Checkpoint(["ticket": ticket], options: options)
    let manager = try CheckpointManager(checkpoint, directory: "/run", retention: .all)
    try manager.save()
    #expect(ticket.count == 1)
    try manager.saveInBackground()?.wait()
    #expect(ticket.count == 2)
    try manager.save()
    #expect(ticket.count == 3)
  }

  @Test(
    arguments: [.v2, .v1] as [CheckpointFormat],
    [.none, .count(2), .maxBytes(100), .perDevice] as [SaveOptions.Sharding])
  func `asks for strings once a save`(format: CheckpointFormat, sharding: SaveOptions.Sharding)
    throws
  {
    let logs = [Log("a", device: "cpu:0"), Log("b", device: "gpu:0")]
    var saving = SaveOptions()
    (saving, saving.format, saving.sharding) = (options, format, sharding)
    let path = try Saver(["a": logs[0], "b": logs[1]], options: saving).save(to: "/run/logs")
    #expect(logs.map(\.count) == [1, 1])
    let reader = try CheckpointReader(path, fileSystem: system)
    for key in ["a", "b"] {
      #expect(try reader.tensor(for: TensorKey(key)).strings?.first == Array("1".utf8))
    }
    if sharding == .perDevice { #expect(reader.shardCount == 2) }
  }

  @Test func `asks for the strings of a part once`() throws {
    let parts = [Log("a"), Log("b")]
    let whole = try PartitionedVariable(parts, axis: 0, name: "table")
    try Checkpoint(["table": whole], options: options).write(to: "/run/a")
    #expect(parts.map(\.count) == [1, 1])
  }

  @Test func `says which state cannot be written down, before there is a file`() throws {
    let checkpoint = try Checkpoint(["n": RunState(Double.nan)], options: options)
    let error = #expect(throws: CheckpointError.self) { try checkpoint.write(to: "/run/a") }
    #expect(error?.code == .unsupported)
    #expect(error?.key == "n/.ATTRIBUTES/py_state")
    #expect(system.paths.isEmpty)
  }
}
