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
}
