import CheckpointPlans
import CheckpointGraph
import CheckpointBundle
import CheckpointIO
import CheckpointTensors
import CheckpointTestSupport
import Checkpoints
import Synchronization
import Testing

/// A program that trains, in a file system and with a clock of the test's: each saves one variable,
/// whose elements all have the same value, so that a mixture shows.
final class ManagerRun {
  /// A clock that stands still until it is set.
  final class Clock: Sendable {
    private let seconds: Mutex<Double>
    init(_ seconds: Double) { self.seconds = Mutex(seconds) }
    var now: Double {
      get { seconds.withLock { $0 } }
      set { seconds.withLock { $0 = newValue } }
    }
  }

  static let directory = "/run"
  let weights = Variable<Float>(repeating: 0, shape: [9])
  let checkpoint: Checkpoint
  let clock: Clock
  private(set) var manager: CheckpointManager

  /// A new process in a directory.
  init(
    _ system: any FileSystem, _ retention: RetentionPolicy = .latest(3),
    saving: CheckpointManager.SavePolicy = .always, name: String = "ckpt",
    directory: String = ManagerRun.directory,
    stepCounter: Variable<Int64>? = nil, clock: Clock = Clock(1_000)
  ) throws {
    var options = SaveOptions()
    options.fileSystem = system
    checkpoint = try Checkpoint(["w": weights], options: options)
    self.clock = clock
    manager = try CheckpointManager(
      checkpoint, directory: directory, name: name, retention: retention, saving: saving,
      stepCounter: stepCounter, clock: { clock.now })
  }

  /// Saves a value, ten seconds after the last one.
  @discardableResult
  func save(_ value: Float, step: Int? = nil, loss: Double? = nil, after seconds: Double = 10)
    throws(CheckpointError) -> CheckpointManager.Saved?
  {
    weights.value = Tensor(repeating: value, shape: [9])
    clock.now += seconds
    return try manager.save(step: step, metrics: loss.map { ["loss": $0] } ?? [:])
  }

  /// The value of a checkpoint; `nil` if there is none.
  static func value(_ path: String, _ system: any FileSystem) throws -> Float? {
    guard try system.status(of: path + ".index") != nil else { return nil }
    let reader = try BundleReader(prefix: path, fileSystem: system)
    let tensor = try Tensor<Float>(reader.tensor(for: "w/.ATTRIBUTES/VARIABLE_VALUE"))
    let values = Set(tensor.array)
    #expect(values.count == 1, "a mixture of \(values)")
    return values.first
  }

  /// The names of the checkpoints that have an index.
  static func names(_ system: MemoryFileSystem) -> [String] {
    system.paths.filter { $0.hasSuffix(".index") }
      .map { String(Path($0).name.dropLast(".index".count)) }
  }
}

extension MemoryFileSystem {
  /// Writes a file as another program would.
  func write(_ text: String, to path: String) throws {
    try removeFile(path)
    let file = try createFile(path)
    try unsafe file.write(Array(text.utf8).span.bytes, at: 0)
  }

  /// The text of a file.
  func text(_ path: String) -> String? {
    image.files[path].map { String(decoding: $0, as: UTF8.self) }
  }

  /// A copy of a file under another name.
  func copy(_ path: String, to other: String) throws {
    let bytes = image.files[path] ?? []
    try removeFile(other)
    let file = try createFile(other)
    try unsafe file.write(bytes.span.bytes, at: 0)
  }
}
