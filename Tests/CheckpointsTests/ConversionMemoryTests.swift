import CheckpointPlans
import CheckpointStore
import CheckpointBundle
import CheckpointIO
import CheckpointTensors
import CheckpointTestSupport
import Checkpoints
import Synchronization
import Testing

/// Proves how much of a checkpoint is on its way, read and not yet written, at any moment.
@Suite struct ConversionMemoryTests {
  /// Counts bytes that were read from files and written to them.
  private final class Flow: Sendable {
    private let state = Mutex((inFlight: 0, most: 0))

    func move(_ byteCount: Int) {
      state.withLock { state in
        state.inFlight = max(0, state.inFlight + byteCount)
        state.most = max(state.most, state.inFlight)
      }
    }

    /// The most bytes that were on their way.
    var most: Int { state.withLock { $0.most } }
  }

  private static let byteCount = 8 << 20  // of two tensors: each is more than may be on its way
  private static let piece = 256 << 10

  private func prepared() throws -> MemoryFileSystem {
    let system = MemoryFileSystem()
    var options = SaveOptions()
    options.fileSystem = system
    var writer = try BundleWriter(
      prefix: "/run/source", shardByteCounts: [0], options: options.files)
    for name in ["a", "b"] {
      let tensor = Tensor<Float>(repeating: 1, shape: [Self.byteCount / 8])
      try writer.add(tensor, for: TensorKey(name))
    }
    try writer.finish()
    return system
  }

  private func most(
    _ system: MemoryFileSystem, from source: String, to destination: String,
    _ format: CheckpointFormat
  ) throws -> Int {
    let flow = Flow()
    var options = CheckpointConversion.Options()
    options.format = format
    options.fileSystem = FlowingFileSystem(system) { flow.move($0) }
    try CheckpointConversion(from: source, to: destination, options: options).run()
    return flow.most
  }

  @Test func `between V2 and safetensors it is some pieces, however large a tensor`() throws {
    let system = try prepared()
    // What readers hold (a piece), and what writers gather (up to 1 MiB); besides, the index.
    let limit = 3 << 20
    #expect(try most(system, from: "/run/source", to: "/run/v2", .v2) < limit)
    #expect(try most(system, from: "/run/v2", to: "/run/st", .safetensors) < limit)
    #expect(try most(system, from: "/run/st", to: "/run/st2", .safetensors) < limit)
    #expect(try most(system, from: "/run/st2", to: "/run/v2again", .v2) < limit)
  }

  @Test func `to and from V1 it is one tensor, however many there are`() throws {
    let system = try prepared()
    let tensor = Self.byteCount / 2
    let written = try most(system, from: "/run/source", to: "/run/v1", .v1)
    #expect(tensor <= written && written < tensor + (3 << 20))
    #expect(try most(system, from: "/run/v1", to: "/run/v2", .v2) < tensor + (3 << 20))
  }
}

/// A file system that tells how many bytes come out of files and go into them.
private final class FlowingFileSystem: FileSystem {
  private let base: MemoryFileSystem
  private let flow: @Sendable (Int) -> Void

  init(_ base: MemoryFileSystem, _ flow: @escaping @Sendable (Int) -> Void) {
    self.base = base
    self.flow = flow
  }

  func openFile(_ path: String) throws(CheckpointError) -> any ReadableFile {
    FlowingSource(try base.openFile(path), flow)
  }

  func createFile(_ path: String, permissions: FilePermissions) throws(CheckpointError)
    -> any WritableFile
  {
    FlowingTarget(try base.createFile(path, permissions: permissions), flow)
  }

  func reopenFile(_ path: String) throws(CheckpointError) -> any WritableFile {
    FlowingTarget(try base.reopenFile(path), flow)
  }

  func rename(_ old: String, to new: String) throws(CheckpointError) {
    try base.rename(old, to: new)
  }

  func link(_ existing: String, to new: String) throws(CheckpointError) -> Bool {
    try base.link(existing, to: new)
  }

  func removeFile(_ path: String) throws(CheckpointError) { try base.removeFile(path) }

  func removeDirectory(_ path: String) throws(CheckpointError) { try base.removeDirectory(path) }

  func createDirectory(_ path: String) throws(CheckpointError) { try base.createDirectory(path) }

  func syncDirectory(_ path: String) throws(CheckpointError) { try base.syncDirectory(path) }

  func namesInDirectory(_ path: String) throws(CheckpointError) -> [String] {
    try base.namesInDirectory(path)
  }

  func status(of path: String) throws(CheckpointError) -> FileStatus? { try base.status(of: path) }

  func entryStatus(of path: String) throws(CheckpointError) -> FileStatus? {
    try base.entryStatus(of: path)
  }

  func lockFile(_ path: String, creating: Bool) throws(CheckpointError) -> (any LockedFile)? {
    try base.lockFile(path, creating: creating)
  }

  func availableByteCount(at directory: String) -> UInt64? {
    base.availableByteCount(at: directory)
  }
}

private final class FlowingSource: ReadableFile {
  private let file: any ReadableFile
  private let flow: @Sendable (Int) -> Void

  init(_ file: any ReadableFile, _ flow: @escaping @Sendable (Int) -> Void) {
    self.file = file
    self.flow = flow
  }

  var path: String { file.path }
  var byteCount: UInt64 { file.byteCount }
  var status: FileStatus { file.status }

  func read(into output: inout MutableRawSpan, at offset: UInt64) throws(CheckpointError) {
    try file.read(into: &output, at: offset)
    flow(output.byteCount)
  }

  func map() throws(CheckpointError) -> MappedFile { try file.map() }
}

private final class FlowingTarget: WritableFile {
  private let file: any WritableFile
  private let flow: @Sendable (Int) -> Void

  init(_ file: any WritableFile, _ flow: @escaping @Sendable (Int) -> Void) {
    self.file = file
    self.flow = flow
  }

  var path: String { file.path }

  func reserve(_ byteCount: UInt64) throws(CheckpointError) { try file.reserve(byteCount) }

  func write(_ bytes: RawSpan, at offset: UInt64) throws(CheckpointError) {
    try file.write(bytes, at: offset)
    flow(-bytes.byteCount)
  }

  func startWriteback(_ range: ByteRange) { file.startWriteback(range) }

  func sync() throws(CheckpointError) { try file.sync() }

  func close() throws(CheckpointError) { try file.close() }
}
