import CheckpointIO
import CheckpointPlatform
import CheckpointTestSupport
import Foundation
import Testing

/// Proves what the files of this machine do for a checkpointer.
@Suite struct LocalFileSystemTests {
  let directory: TemporaryDirectory
  let system = LocalFileSystem()

  init() throws { directory = try TemporaryDirectory() }

  private func bytes(_ span: RawSpan) -> [UInt8] {
    (0..<span.byteCount).map { span.byte(at: $0) }
  }

  private func write(_ bytes: [UInt8], to file: any WritableFile, at offset: UInt64) throws {
    try unsafe file.write(bytes.span.bytes, at: offset)
  }

  private func read(_ file: any ReadableFile, _ count: Int, at offset: UInt64) throws -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    var span = bytes.mutableSpan
    var output = unsafe span.mutableBytes
    try file.read(into: &output, at: offset)
    return bytes
  }

  @Test func `maps a file, which stays mapped when it is closed and removed`() throws {
    try directory.write([1, 2, 3], to: "data")
    var file: (any ReadableFile)? = try system.openFile(directory.path("data"))
    let mapping = try #require(try file?.map())
    file = nil
    try system.removeFile(directory.path("data"))
    let content = bytes(mapping.bytes)
    #expect(content == [1, 2, 3])
  }

  @Test func `maps an empty file as no bytes`() throws {
    try directory.write([], to: "empty")
    let mapping = try system.openFile(directory.path("empty")).map()
    let content = bytes(mapping.bytes)
    #expect(content.isEmpty)
  }

  @Test func `refuses to read beyond the end`() throws {
    try directory.write([1, 2, 3], to: "data")
    let file = try system.openFile(directory.path("data"))
    for offset in [1, 3, 1 << 62, .max] as [UInt64] {
      let error = #expect(throws: CheckpointError.self) { try read(file, 3, at: offset) }
      #expect(error?.code == .truncated, "\(offset)")
    }
  }

  @Test func `says of a file that became shorter where it ends now`() throws {
    try directory.write([1, 2, 3], to: "data")
    let file = try system.openFile(directory.path("data"))
    let cut = unsafe truncate(directory.path("data"), 2)
    #expect(cut == 0)
    let error = #expect(throws: CheckpointError.self) { try read(file, 2, at: 1) }
    #expect(error?.code == .truncated && error?.offset == 2)
    #expect(error?.message == "the file became shorter while it was being read")
    #expect(try read(file, 1, at: 1) == [2])
  }

  @Test func `opens a file again to write to it only if it is no link and has one name`() throws {
    for name in ["file", "several"] { try directory.write([1], to: name) }
    try FileManager.default.createSymbolicLink(
      atPath: directory.path("link"), withDestinationPath: directory.path("file"))
    try FileManager.default.linkItem(
      atPath: directory.path("several"), toPath: directory.path("other"))
    try write([2], to: system.reopenFile(directory.path("file")), at: 1)
    #expect(try directory.bytes("file") == [1, 2])
    let link = #expect(throws: CheckpointError.self) {
      try system.reopenFile(directory.path("link"))
    }
    #expect(link?.systemError == ELOOP)
    let several = #expect(throws: CheckpointError.self) {
      try system.reopenFile(directory.path("several"))
    }
    #expect(several?.code == .pathConflict)
    #expect(several?.message.contains("in the place of this one") == true)
  }

  @Test func `writes nothing to a file that is closed`() throws {
    let file = try system.createFile(directory.path("data"))
    try file.close()
    try file.close()
    for attempt in [
      { try file.reserve(1) }, { try self.write([1], to: file, at: 0) }, { try file.sync() },
    ] as [() throws -> Void] {
      let error = #expect(throws: CheckpointError.self) { try attempt() }
      #expect(error?.systemError == EBADF)
    }
    try file.reserve(0)
    file.startWriteback(ByteRange(offset: 0, count: 1))
    #expect(try directory.bytes("data").isEmpty)
  }

  @Test func `writes and reads at no place that no file has`() throws {
    let file = try system.createFile(directory.path("data"))
    for offset in [.max, 1 << 63, (1 << 63) - 1] as [UInt64] {
      let error = #expect(throws: CheckpointError.self) { try write([1, 2], to: file, at: offset) }
      #expect(error?.code == .limitExceeded)
      #expect(error?.message == "no file is so large that it has a byte \(offset)")
    }
  }

  private func error(_ body: () throws -> Void) -> CheckpointError? {
    #expect(throws: CheckpointError.self) { try body() }
  }

  @Test func `reserves no more than the system can give`() throws {
    let file = try system.createFile(directory.path("data"))
    let refusal = error { try file.reserve(1 << 62) }
    #expect(refusal?.code == .io && refusal?.message.hasPrefix("reserve ") == true)
    #expect(try system.status(of: directory.path("data"))?.byteCount == 0)
  }

  @Test func `lists directories, and takes nothing else for one without names`() throws {
    try directory.write([1], to: "file")
    let (file, none) = (directory.path("file"), directory.path("none"))
    #expect(error { _ = try system.namesInDirectory(file) }?.systemError == ENOTDIR)
    #expect(error { _ = try system.namesInDirectory(none) }?.code == .notFound)
    #expect(error { _ = try system.namesInDirectory("") }?.message == "the path is empty")
  }

  @Test func `gives no second name to what is not there, and none that is taken`() throws {
    for name in ["one", "other"] { try directory.write([], to: name) }
    let taken = error { _ = try system.link(directory.path("one"), to: directory.path("other")) }
    #expect(taken?.systemError == EEXIST)
    let missing = error { _ = try system.link(directory.path("none"), to: directory.path("new")) }
    #expect(missing?.code == .notFound && missing?.file == directory.path("none"))
  }

  @Test func `creates no directory where a file is`() throws {
    try directory.write([1], to: "file")
    #expect(error { try system.createDirectory(directory.path("file")) }?.systemError == EEXIST)
    try system.createDirectory(directory.path("new"))
    try system.createDirectory(directory.path("new"))
    #expect(directory.names == ["file", "new"])
  }

  // Files of the kernel have a size, and no pages.
  private static let unmapped = "/sys/devices/system/cpu/online"

  @Test(.enabled(if: FileManager.default.fileExists(atPath: unmapped)))
  func `says of a file that cannot be mapped why`() throws {
    let file = try system.openFile(Self.unmapped)
    let refusal = error { _ = try file.map() }
    #expect(refusal?.code == .io && refusal?.file == Self.unmapped)
    #expect(refusal?.message.hasPrefix("map \(file.byteCount) bytes: ") == true)
  }

  @Test func `bytes in memory are a file that ends where they do, and has no map`() throws {
    let file = BytesFile([1, 2, 3], path: "in memory")
    #expect(try read(file, 2, at: 1) == [2, 3])
    let beyond = error { _ = try read(file, 2, at: 2) }
    #expect(beyond?.code == .truncated && beyond?.file == "in memory")
    #expect(error { _ = try file.map() }?.code == .unsupported)
  }

  @Test func `writes at any place, and keeps it`() throws {
    let path = directory.path("data")
    let file = try system.createFile(path)
    try file.reserve(6)
    try write([4, 5, 6], to: file, at: 3)
    try write([1, 2, 3], to: file, at: 0)
    file.startWriteback(ByteRange(offset: 0, count: 6))
    try file.sync()
    try file.close()
    #expect(try directory.bytes("data") == [1, 2, 3, 4, 5, 6])
    #expect(try read(system.openFile(path), 2, at: 3) == [4, 5])
    #expect(throws: CheckpointError.self) { try file.sync() }
  }

  @Test func `gives a lock to one owner at a time`() throws {
    let path = directory.path("lock")
    #expect(try system.lockFile(path, creating: false) == nil)
    let lock = try #require(try system.lockFile(path, creating: true))
    #expect(lock.isExclusive && lock.isNew)
    #expect(try system.lockFile(path, creating: true) == nil)
    try lock.setContents([1, 2])
    try lock.sync()
    #expect(try lock.contents(limit: 1) == [1])
    try lock.remove()
    #expect(directory.names.isEmpty)
    #expect(try system.lockFile(path, creating: true)?.isNew == true)
    #expect(try system.lockFile(path, creating: true)?.isNew == false)
  }

  @Test func `locks no file that has another name, too`() throws {
    try directory.write(SaveNote.file.bytes, to: "lock")
    try FileManager.default.linkItem(
      atPath: directory.path("lock"), toPath: directory.path("thesis"))
    let refusal = error { _ = try system.lockFile(directory.path("lock"), creating: true) }
    #expect(refusal?.code == .pathConflict && refusal?.file == directory.path("lock"))
    #expect(refusal?.message.hasPrefix("this is a file with several names, where a lock") == true)
    #expect(try directory.bytes("thesis") == SaveNote.file.bytes)
  }

  @Test func `creates no file where anything is`() throws {
    try directory.write([1], to: "file")
    try FileManager.default.createSymbolicLink(
      atPath: directory.path("link"), withDestinationPath: directory.path("nothing"))
    for name in ["file", "link"] {
      let error = #expect(throws: CheckpointError.self) {
        try system.createFile(directory.path(name))
      }
      #expect(error?.systemError == EEXIST)
    }
    #expect(directory.names == ["file", "link"])
  }

  @Test func `says what a path is, and what it leads to`() throws {
    try directory.write([1, 2], to: "file")
    for (name, destination) in [("link", "file"), ("loop", "loop"), ("lost", "nothing")] {
      try FileManager.default.createSymbolicLink(
        atPath: directory.path(name), withDestinationPath: directory.path(destination))
    }
    let made = unsafe mkfifo(directory.path("pipe"), 0o600)
    #expect(made == 0)
    #expect(try system.status(of: directory.path("link"))?.byteCount == 2)
    #expect(try system.status(of: directory.path("loop")) == nil)
    #expect(try system.status(of: directory.path("lost")) == nil)
    #expect(try system.status(of: directory.path("loop/within")) == nil)
    let kinds = try ["file", "link", "loop", "lost", "pipe", "none"].map {
      try system.entryStatus(of: directory.path($0))?.kind
    }
    #expect(kinds == [.file, .link, .link, .link, .pipe, nil])
    #expect(try system.entryStatus(of: directory.path)?.kind == .directory)
    try FileManager.default.linkItem(atPath: directory.path("file"), toPath: directory.path("two"))
    #expect(try system.entryStatus(of: directory.path("two"))?.linkCount == 2)
  }

  @Test func `opens files only`() throws {
    let error = #expect(throws: CheckpointError.self) { try system.openFile(directory.path) }
    #expect(error?.code == .notACheckpoint)
    let missing = #expect(throws: CheckpointError.self) {
      try system.openFile(directory.path("none"))
    }
    #expect(missing?.code == .notFound)
    let cut = #expect(throws: CheckpointError.self) { try system.openFile("a\u{0}b") }
    #expect(cut?.code == .invalidArgument)
  }

  /// A number of seconds has no room for a nanosecond.
  @Test func `tells times apart that differ by a nanosecond`() throws {
    for name in ["one", "other"] { try directory.write([], to: name) }
    for (name, nanoseconds) in [("one", 123_456_788), ("other", 123_456_789)] {
      var times = [timespec(tv_sec: 1_700_000_000, tv_nsec: nanoseconds)]
      times += times
      #expect(unsafe utimensat(AT_FDCWD, directory.path(name), &times, 0) == 0)
    }
    let one = try #require(try system.status(of: directory.path("one")))
    let other = try #require(try system.status(of: directory.path("other")))
    #expect(one.modified == FileTime(seconds: 1_700_000_000, nanoseconds: 123_456_788))
    #expect(one.modified < other.modified)
    #expect(FileTime(seconds: -1, nanoseconds: 5) < FileTime(seconds: 0))
  }

  @Test func `a link that leads where nobody may look is none that leads there`() throws {
    try directory.write([1], to: "file")
    try FileManager.default.createSymbolicLink(
      atPath: directory.path("link"), withDestinationPath: directory.path("file"))
    let refusing = InterceptingFileSystem { _, call throws(CheckpointError) in
      guard call.kind == .status else { return }
      throw .system("stat", errno: EACCES, file: call.path)
    }
    #expect(try refusing.reachableStatus(of: directory.path("link")) == nil)
    #expect(
      error { _ = try refusing.reachableStatus(of: directory.path("file")) }?.systemError == EACCES)
    #expect(try system.reachableStatus(of: directory.path("link"))?.byteCount == 1)
  }
}
