import CheckpointBundle
import CheckpointIO
import CheckpointTensors
import CheckpointTestSupport
import Foundation
import Synchronization
import Testing

/// A reader beside somebody who replaces or deletes what it reads: it gets one checkpoint, whole, or an
/// error that says what has happened.
@Suite struct BesideSaverTests: Sendable {
  private let directory: TemporaryDirectory
  private var prefix: String { directory.path("m") }

  init() throws { directory = try TemporaryDirectory("beside") }

  private func save(_ value: Float, shards: Int = 1) throws {
    var options = FileOptions()
    options.durability = .none
    var writer = try BundleWriter(
      prefix: prefix, shardByteCounts: Array(repeating: 16, count: shards), options: options)
    for shard in 0..<shards {
      let tensor = Tensor<Float>(repeating: value, shape: [4])
      try writer.add(tensor, for: TensorKey("w\(shard)"), part: nil, shard: shard)
    }
    try writer.finish()
  }

  private func delete() throws {
    let removal = try BundleRemoval(of: prefix, options: FileOptions())
    try removal.removeIndex()
    try removal.removeData()
  }

  private func values(_ reader: BundleReader) throws -> Set<Float> {
    var values: Set<Float> = []
    for entry in try reader.entries() {
      values.formUnion(try Tensor<Float>(reader.tensor(for: entry.key)).array)
    }
    return values
  }

  /// Does something before the calls of a kind to files whose names end so.
  private func system(
    before kind: FileCall.Kind, _ suffix: String, times: Int = .max,
    _ action: @escaping @Sendable () throws -> Void
  ) -> InterceptingFileSystem {
    let count = Mutex(0)
    return InterceptingFileSystem { _, call throws(CheckpointError) in
      guard call.kind == kind, call.path.hasSuffix(suffix) else { return }
      let number = count.withLock { count in
        count += 1
        return count
      }
      guard number <= times else { return }
      do { try action() } catch { Issue.record(error) }
    }
  }

  @Test func `what is replaced or deleted after it was opened is read as it was`() throws {
    try save(1, shards: 3)
    let first = try BundleReader(prefix: prefix)
    try save(2, shards: 3)
    let second = try BundleReader(prefix: prefix)
    try delete()
    #expect(try values(first) == [1])
    #expect(try values(second) == [2])
    #expect(try first.change() == .deleted)
  }

  // Nobody compares the checksum of what is mapped unchecked: the index alone tells.
  @Test func `a data file of another checkpoint is not mapped`() throws {
    try save(1)
    let reader = try BundleReader(
      prefix: prefix, fileSystem: LocalFileSystem(), opensData: false)
    try save(2)
    try save(3)  // whose data file has the name of the first one
    let batch = try reader.lookUp([TensorRequest("w0")])
    let error = #expect(throws: CheckpointError.self) {
      try batch.mappedTensors(isChecked: false)
    }
    #expect(error?.code == .busy)
  }

  // The data file that the index counts is gone, and one of the same name has other values: without a
  // second look at the index, that is a wrong checksum.
  @Test(arguments: 1...3)
  func `what is replaced while it is opened is read as it is then`(saves: Int) throws {
    try save(1)
    let system = system(before: .open, "-of-00001", times: 1) {
      for value in 0..<saves { try save(Float(value + 2)) }
    }
    let reader = try BundleReader(prefix: prefix, fileSystem: system)
    #expect(try values(reader) == [Float(saves + 1)])
    #expect(try reader.change() == nil)
  }

  @Test func `an index that is replaced while it is read is no damage`() throws {
    try save(1)
    let intact = try directory.bytes("m.index")
    try directory.write(intact.dropLast(9), to: "m.index")
    let system = system(before: .read, ".index", times: 1) { try save(2) }
    #expect(try values(BundleReader(prefix: prefix, fileSystem: system)) == [2])
  }

  @Test func `what is replaced again and again is busy, and not damaged`() throws {
    try save(0)
    let system = system(before: .status, ".index") { try save(1) }
    let error = #expect(throws: CheckpointError.self) {
      try BundleReader(prefix: prefix, fileSystem: system)
    }
    #expect(error?.code == .busy)
    #expect(error?.file == prefix)
    #expect(
      error?.message
        == "this checkpoint was replaced 10 times while it was being opened; wait until whoever saves "
        + "to it has finished, or let every save have a name of its own")
    #expect(system.calls.count { $0.kind == .open && $0.path.hasSuffix(".index") } == 10)
  }

  @Test(arguments: [FileCall.Kind.read, .status])
  func `what is deleted while it is opened is not there, and not damaged`(kind: FileCall.Kind)
    throws
  {
    try save(1)
    let system = system(before: kind, ".index", times: 1) { try delete() }
    let error = #expect(throws: CheckpointError.self) {
      try BundleReader(prefix: prefix, fileSystem: system)
    }
    #expect(error?.description == "\(prefix): this was deleted while it was being read (notFound)")
    #expect(error?.isOutdated == true)
  }

  // TensorFlow writes an index in its place.
  @Test func `an index that is written to in its place is replaced, and not damaged`() throws {
    try save(1)
    let reader = try BundleReader(prefix: prefix)
    try directory.write([1, 2, 3], to: "other")
    let handle = try #require(FileHandle(forUpdatingAtPath: prefix + ".index"))
    try handle.truncate(atOffset: 3)
    try handle.close()
    reader.closeFiles(keepsChecksum: false)
    let error = #expect(throws: CheckpointError.self) { try values(reader) }
    #expect(error?.code == .busy)
    let opened = #expect(throws: CheckpointError.self) { try BundleReader(prefix: prefix) }
    #expect(opened?.code == .truncated)
  }

  @Test func `wrong bytes are damage, whatever has become of the name`() throws {
    try save(1)
    let handle = try #require(FileHandle(forUpdatingAtPath: prefix + ".data-00000-of-00001"))
    try handle.write(contentsOf: Data([9]))
    try handle.close()
    let reader = try BundleReader(prefix: prefix)
    try delete()
    let error = #expect(throws: CheckpointError.self) { try values(reader) }
    #expect(error?.code == .corrupt)
  }

  // A file system that says two things of one file: what `open` gives is another one than what the path
  // leads to, each time.
  @Test func `where nothing changes between two tries, the checkpoint is read`() throws {
    try save(1)
    let reader = try BundleReader(prefix: prefix, fileSystem: TwoFacedFileSystem())
    #expect(try values(reader) == [1])
    #expect(try reader.change() == nil)
  }

  // MARK: More data files than may be open

  @Test func `of many data files a bounded number is open`() throws {
    try save(1, shards: 300)
    let reader = try BundleReader(prefix: prefix)
    #expect(FilePool.shared.openCount <= 128)
    #expect(try values(reader) == [1])
    #expect(FilePool.shared.openCount <= 128)
    let findings = BundleVerifier(reader).verify()
    #expect(findings.problems.count == 0)
    #expect(FilePool.shared.openCount <= 128)
  }

  @Test(arguments: [false, true])
  func `what of many data files is opened too late says so`(isDeleted: Bool) throws {
    try save(1, shards: 300)
    let reader = try BundleReader(prefix: prefix)
    if isDeleted { try delete() } else { try save(2, shards: 300) }
    let error = #expect(throws: CheckpointError.self) { try values(reader) }
    #expect(error?.isOutdated == true)
    #expect(error?.code == (isDeleted ? .notFound : .busy))
    #expect(error?.file == prefix)
  }

  @Test func `a reader whose files were closed reads the same, or says what has happened`() throws {
    try save(1, shards: 2)
    let reader = try BundleReader(prefix: prefix)
    reader.closeFiles(keepsChecksum: true)
    #expect(try values(reader) == [1])
    reader.closeFiles(keepsChecksum: true)
    try save(2, shards: 2)
    let replaced = #expect(throws: CheckpointError.self) { try reader.entry(for: "w0") }
    #expect(
      replaced?.description
        == "\(prefix): key 'w0': this was replaced while it was being read; read it again (busy)")
    try delete()
    let deleted = #expect(throws: CheckpointError.self) { try reader.entries() }
    #expect(deleted?.code == .notFound)
  }

  @Test func `a data file that is no file is no damage`() throws {
    try save(1)
    try FileManager.default.removeItem(atPath: prefix + ".data-00000-of-00001")
    try FileManager.default.createDirectory(
      atPath: prefix + ".data-00000-of-00001", withIntermediateDirectories: false)
    let error = #expect(throws: CheckpointError.self) { try values(BundleReader(prefix: prefix)) }
    #expect(error?.code == .io)
    #expect(error?.message == "this is a directory, a file is needed")
  }
}

/// This machine's files, but that a path leads to another one than opening it gives.
private struct TwoFacedFileSystem: FileSystem {
  private let base = LocalFileSystem()

  func status(of path: String) throws(CheckpointError) -> FileStatus? {
    var status = try base.status(of: path)
    status?.identity = [1, 2]
    return status
  }

  func openFile(_ path: String) throws(CheckpointError) -> any ReadableFile {
    try base.openFile(path)
  }
  func createFile(_ path: String, permissions: FilePermissions) throws(CheckpointError)
    -> any WritableFile
  {
    try base.createFile(path, permissions: permissions)
  }
  func reopenFile(_ path: String) throws(CheckpointError) -> any WritableFile {
    try base.reopenFile(path)
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
  func lockFile(_ path: String, creating: Bool) throws(CheckpointError) -> (any LockedFile)? {
    try base.lockFile(path, creating: creating)
  }
  func entryStatus(of path: String) throws(CheckpointError) -> FileStatus? {
    try base.entryStatus(of: path)
  }
  func availableByteCount(at directory: String) -> UInt64? {
    base.availableByteCount(at: directory)
  }
}
