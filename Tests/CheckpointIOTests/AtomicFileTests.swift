import CheckpointIO
import CheckpointTestSupport
import Foundation
import Testing

/// Proves that a file appears whole or not at all, whatever fails, and whatever has its name.
@Suite struct AtomicFileTests {
  private static let old: [UInt8] = Array("the old content".utf8)
  private static let new: [UInt8] = Array("the new content, in two parts".utf8)

  private func save(
    _ path: String, _ system: any FileSystem, durability: FileOptions.Durability = .full,
    _ before: (AtomicFile) throws(CheckpointError) -> Void = { _ in }
  ) throws(CheckpointError) {
    var options = FileOptions()
    (options.fileSystem, options.durability) = (system, durability)
    let location = try SaveLocation(path, options: options)
    try location.begin(.file)
    let file = try AtomicFile(path, in: location)
    for part in [0..<9, 9..<Self.new.count] {
      try file.file.write(
        unsafe Self.new.span.bytes.extracting(part), at: UInt64(part.lowerBound))
    }
    try before(file)
    try file.commitCheckpoint()
    try location.syncDirectory()
    try location.finish()
  }

  private func memory(_ content: [UInt8]?) -> MemoryFileSystem {
    var image = MemoryFileSystem.Image()
    image.files["/run/m"] = content
    return MemoryFileSystem(image)
  }

  @Test(arguments: [FileOptions.Durability.full, .none], [nil, old])
  func `appears whole, and nothing besides it`(durability: FileOptions.Durability, before: [UInt8]?)
    throws
  {
    let system = memory(before)
    try save("/run/m", system, durability: durability) { _ in
      #expect(system.image.files["/run/m"] == before, "it is not there before the end")
    }
    #expect(system.image.files == ["/run/m": Self.new])
    let syncs = system.log.contains { if case .fileSync = $0 { true } else { false } }
    #expect(syncs == (durability == .full))
  }

  @Test func `let go before the end leaves nothing`() throws {
    for before in [nil, Self.old] {
      let system = memory(before)
      let error = #expect(throws: CheckpointError.self) {
        try save("/run/m", system) { _ throws(CheckpointError) in
          throw CheckpointError(.cancelled, "enough")
        }
      }
      #expect(error?.code == .cancelled)
      #expect(system.image.files["/run/m"] == before)
      #expect(system.paths == (before == nil ? [] : ["/run/m"]))
    }
  }

  /// What each failing call leaves, in a process that goes on, and in one that can do nothing more.
  @Test(arguments: [false, true], [nil, old])
  func `at every call that fails, it is whole or not there`(forever: Bool, before: [UInt8]?) throws
  {
    let calls = InterceptingFileSystem(memory(before))
    try save("/run/m", calls)
    #expect(calls.calls.count > 10)
    let rename = try #require(calls.calls.firstIndex { $0.kind == .rename })
    for (number, call) in calls.calls.enumerated() {
      let system = memory(before)
      let failing = InterceptingFileSystem.failing(system, at: number, errno: EIO, forever: forever)
      var failure: CheckpointError?
      do throws(CheckpointError) { try save("/run/m", failing) } catch { failure = error }
      let place = "\(call), call \(number)"
      let expected = number <= rename ? before : Self.new
      if failure == nil {
        #expect(system.image.files["/run/m"] == Self.new, "\(place)")
      } else {
        #expect(failure?.code == .io && failure?.systemError == EIO, "\(place)")
        #expect(system.image.files["/run/m"] == expected, "\(place)")
      }
      // What is left is told by its note, and the next save removes it.
      let left = system.paths.filter { $0 != "/run/m" }
      let isLocked = left.contains(TemporaryName.lock(for: "/run/m"))
      #expect(left.isEmpty || isLocked, "\(place): \(left)")
      try save("/run/m", system)
      #expect(system.image.files == ["/run/m": Self.new], "\(place)")
    }
  }

  @Test func `a rename whose answer is lost is told as what it is`() {
    let system = memory(Self.old)
    let network = InterceptingFileSystem(system) { _, call throws(CheckpointError) in
      throw .system("injected failure", errno: EIO, file: call.path)
    } renameReport: { _, _ in
    }
    _ = network
    let late = InterceptingFileSystem(
      system,
      renameReport: { _, call throws(CheckpointError) in
        throw .system("injected failure", errno: EIO, file: call.path)
      })
    let error = #expect(throws: CheckpointError.self) { try save("/run/m", late) }
    #expect(
      error?.message.hasSuffix("; as it seems, the new checkpoint is saved all the same") == true)
    #expect(system.image.files["/run/m"] == Self.new)
  }

  @Test func `after a failed sync it is never committed`() throws {
    let system = memory(Self.old)
    let failing = InterceptingFileSystem(system) { _, call throws(CheckpointError) in
      guard call.kind == .sync else { return }
      throw .system("injected failure", errno: EIO, file: call.path)
    }
    var options = FileOptions()
    options.fileSystem = failing
    let location = try SaveLocation("/run/m", options: options)
    try location.begin(.file)
    let file = try AtomicFile("/run/m", in: location)
    try file.file.write(unsafe Self.new.span.bytes, at: 0)
    for _ in 0..<2 {
      #expect(throws: CheckpointError.self) { try file.commit() }
      #expect(system.image.files["/run/m"] == Self.old)
    }
  }

  // MARK: What has its name

  private let directory: TemporaryDirectory
  init() throws { directory = try TemporaryDirectory("atomic") }

  private func mode(_ name: String) throws -> Int? {
    try FileManager.default.attributesOfItem(atPath: directory.path(name))[.posixPermissions]
      as? Int
  }

  @Test func `anybody may read it whom the process lets read its files`() throws {
    try directory.write([1], to: "plain")  // as any other file is made
    try save(directory.path("m"), LocalFileSystem())
    #expect(try mode("m") == mode("plain"))
  }

  @Test(arguments: [(0o600, 0o600), (0o640, 0o640), (0o444, 0o644), (0o755, 0o644), (0o000, 0o600)])
  func `nobody may read it who could not read what it replaces`(before: Int, after: Int) throws {
    try directory.write([1], to: "plain")
    try directory.write(Self.old, to: "m")
    try FileManager.default.setAttributes(
      [.posixPermissions: before], ofItemAtPath: directory.path("m"))
    try save(directory.path("m"), LocalFileSystem())
    #expect(try directory.bytes("m") == Self.new)
    // The process's umask holds too; the owner may go on.
    let plain = try #require(try mode("plain"))
    #expect(try mode("m") == after & plain | 0o600)
  }

  @Test func `what a link leads to says who may read the file in its place`() throws {
    try directory.write(Self.old, to: "real")
    try FileManager.default.setAttributes(
      [.posixPermissions: 0o600], ofItemAtPath: directory.path("real"))
    try FileManager.default.createSymbolicLink(
      atPath: directory.path("m"), withDestinationPath: "real")
    try save(directory.path("m"), LocalFileSystem())
    #expect(try mode("m") == 0o600)
  }

  @Test func `takes the place of a link, and leaves alone what that leads to`() throws {
    try directory.write(Self.old, to: "real")
    for destination in ["real", "nothing"] {
      try FileManager.default.createSymbolicLink(
        atPath: directory.path("m"), withDestinationPath: directory.path(destination))
      try save(directory.path("m"), LocalFileSystem())
      let status = try LocalFileSystem().entryStatus(of: directory.path("m"))
      #expect(status?.kind == .file)
      #expect(try directory.bytes("m") == Self.new && directory.bytes("real") == Self.old)
      #expect(directory.names == ["m", "real"])
      try LocalFileSystem().removeFile(directory.path("m"))
    }
  }

  @Test func `does not take the place of a directory`() throws {
    try FileManager.default.createDirectory(
      atPath: directory.path("m"), withIntermediateDirectories: false)
    try directory.write([7], to: "m/within")
    let error = #expect(throws: CheckpointError.self) {
      try save(directory.path("m"), LocalFileSystem())
    }
    #expect(error?.code == .io && error?.systemError == EISDIR)
    #expect(directory.names == ["m", "m/within"])
  }

  @Test func `never touches what has the name of its temporary file`() throws {
    let temporary = TemporaryName.temporary(for: "m")
    let makers: [(TemporaryDirectory) throws -> Void] = [
      { try $0.write([7], to: temporary) },
      {
        try FileManager.default.createDirectory(
          atPath: $0.path(temporary), withIntermediateDirectories: false)
      },
      {
        try FileManager.default.createSymbolicLink(
          atPath: $0.path(temporary), withDestinationPath: $0.path("elsewhere"))
      },
    ]
    for make in makers {
      let directory = try TemporaryDirectory("conflict")
      try make(directory)
      let before = try LocalFileSystem().entryStatus(of: directory.path(temporary))
      let error = #expect(throws: CheckpointError.self) {
        try save(directory.path("m"), LocalFileSystem())
      }
      #expect(error?.code == .pathConflict)
      #expect(error?.file == directory.path(temporary))
      #expect(error?.message.contains("rename or remove it") == true)
      #expect(directory.names == [temporary])
      #expect(try LocalFileSystem().entryStatus(of: directory.path(temporary)) == before)
    }
  }

  // MARK: More files than can be open

  private func pooled(
    _ system: any FileSystem, count: Int, between: (Int) throws -> Void = { _ in }
  ) throws -> OutputPool {
    var options = FileOptions()
    options.fileSystem = system
    let location = try SaveLocation("/run/m", options: options)
    try location.begin(.slices(count: count))
    let pool = OutputPool(capacity: 2)
    let files = try (0..<count).map { number in
      try pool.add { () throws(CheckpointError) in
        try AtomicFile("/run/m-0000\(number)-of-0000\(count)", in: location)
      }
    }
    for round in 0..<3 {
      try between(round)
      for (number, file) in files.enumerated() {
        try pool.use(file)
        try file.file.write(
          unsafe ([UInt8(10 * round + number)] as [UInt8]).span.bytes, at: UInt64(round))
      }
    }
    for file in files {
      pool.remove(file)
      try file.commit()
    }
    try location.finish()
    return pool
  }

  @Test func `is closed and opened again where there are too many, and whole in the end`() throws {
    for (count, isCrowded) in [(1, false), (2, false), (3, true), (5, true)] {
      let system = memory(nil)
      #expect(try pooled(system, count: count).isCrowded == isCrowded)
      let expected = (0..<count).map { number in
        (
          "/run/m-0000\(number)-of-0000\(count)",
          [number, 10 + number, 20 + number].map(UInt8.init)
        )
      }
      #expect(system.image.files == Dictionary(uniqueKeysWithValues: expected))
    }
  }

  @Test func `is synced after its last byte, though it was closed meanwhile`() throws {
    let calls = InterceptingFileSystem(memory(nil))
    #expect(try pooled(calls, count: 5).isCrowded)
    for number in 0..<5 {
      let temporary = TemporaryName.temporary(for: "/run/m-0000\(number)-of-00005")
      let kinds = calls.calls.filter { $0.path == temporary }.map(\.kind)
      let written = try #require(kinds.lastIndex(of: .write))
      let synced = try #require(kinds.lastIndex(of: .sync))
      #expect(written < synced)
    }
  }

  @Test func `is not opened again if another file has its temporary name meanwhile`() throws {
    let system = memory(nil)
    let temporary = TemporaryName.temporary(for: "/run/m-00000-of-00003")
    let error = #expect(throws: CheckpointError.self) {
      _ = try pooled(system, count: 3) { round in
        guard round == 1 else { return }
        try system.removeFile(temporary)
        let other = try system.createFile(temporary)
        try other.write(unsafe ([9] as [UInt8]).span.bytes, at: 0)
      }
    }
    #expect(error?.code == .pathConflict && error?.file == temporary)
    #expect(system.paths.allSatisfy { !$0.hasSuffix("-of-00003") })
  }

  @Test func `is never committed after it could not be closed for a while`() throws {
    let failing = InterceptingFileSystem(memory(Self.old)) { number, call throws(CheckpointError) in
      guard call.kind == .close, call.path.contains("m.index") else { return }
      throw .system("injected failure", errno: EIO, file: call.path)
    }
    var options = FileOptions()
    options.fileSystem = failing
    let location = try SaveLocation("/run/m", options: options)
    try location.begin(.bundle(SaveNote.DataFiles(newCount: 1, replacedCounts: [])))
    let pool = OutputPool(capacity: 1)
    func add(_ path: String) throws(CheckpointError) -> AtomicFile {
      try pool.add { () throws(CheckpointError) in try AtomicFile(path, in: location) }
    }
    let index = try add("/run/m.index")
    #expect(throws: CheckpointError.self) { try add("/run/m.data-00000-of-00001") }
    for attempt in [{ try pool.use(index) }, { try index.commit() }] as [() throws -> Void] {
      let error = #expect(throws: CheckpointError.self) { try attempt() }
      #expect(error?.message.hasPrefix("injected failure") == true)
    }
    #expect(failing.calls.contains { $0.kind == .rename } == false)
  }
}
