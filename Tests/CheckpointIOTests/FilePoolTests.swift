import CheckpointIO
import CheckpointTestSupport
import Foundation
import Testing

/// A bounded number of files is open at a time, and one that is opened again is the same.
@Suite struct FilePoolTests {
  private let directory: TemporaryDirectory
  private let pool = FilePool(capacity: 3)

  init() throws { directory = try TemporaryDirectory("pool") }

  private func open(_ name: String) throws -> PooledFile {
    try PooledFile(directory.path(name), fileSystem: LocalFileSystem(), pool: pool)
  }

  private func write(_ text: String, to name: String) throws {
    // Under another name first: what is open keeps its content.
    try directory.write(text.utf8, to: name + ".new")
    try LocalFileSystem().rename(directory.path(name + ".new"), to: directory.path(name))
  }

  private func text(_ file: PooledFile) throws(CheckpointError) -> String {
    var bytes = [UInt8](repeating: 0, count: Int(file.byteCount))
    var span = bytes.mutableSpan
    var output = unsafe span.mutableBytes
    try file.read(into: &output, at: 0)
    return String(decoding: bytes, as: UTF8.self)
  }

  @Test func `of many files the ones that were not used for longest are closed`() throws {
    for number in 0..<5 { try write("file \(number)", to: "\(number)") }
    let files = try (0..<5).map { try open("\($0)") }
    #expect(pool.openCount == 3)
    #expect(files.map(\.isOpen) == [false, false, true, true, true])
    #expect(try text(files[0]) == "file 0")
    #expect(pool.openCount == 3)
    #expect(files[0].isOpen)
    for (number, file) in files.enumerated() { #expect(try text(file) == "file \(number)") }
  }

  @Test func `a file that is let go makes room`() throws {
    for number in 0..<4 { try write("\(number)", to: "\(number)") }
    var first: PooledFile? = try open("0")
    let others = try [open("1"), open("2")]
    #expect(first?.isOpen == true)
    first = nil
    #expect(pool.openCount == 2)
    let last = try open("3")
    #expect((others + [last]).map(\.isOpen) == [true, true, true])
  }

  @Test func `what is open is read whatever becomes of its name`() throws {
    try write("old", to: "m")
    let file = try open("m")
    #expect(try file.change() == nil)
    try write("new", to: "m")
    #expect(try file.change() == .replaced)
    #expect(try text(file) == "old")
    try LocalFileSystem().removeFile(directory.path("m"))
    #expect(try file.change() == .deleted)
    #expect(try text(file) == "old")
  }

  @Test func `what was closed is opened again`() throws {
    try write("text", to: "m")
    let file = try open("m")
    file.close()
    #expect(pool.openCount == 0)
    #expect(try text(file) == "text")
    #expect(pool.openCount == 1)
  }

  @Test(arguments: [false, true])
  func `another file of the same name is an error`(keepsChecksum: Bool) throws {
    try write("old", to: "m")
    let file = try open("m")
    file.close(keepsChecksum: keepsChecksum)
    try write("new", to: "m")
    let error = #expect(throws: CheckpointError.self) { try text(file) }
    #expect(error?.code == .busy)
    #expect(error?.isOutdated == true)
    #expect(error?.message == "this was replaced while it was being read; read it again")
    #expect(error?.file == directory.path("m"))
  }

  // The content of a file may change while number, size and time stay the same: a file system gives the
  // number of a deleted file to a new one, and its clock ticks slowly.
  @Test func `a file that looks the same is told by its checksum`() throws {
    try write("old", to: "m")
    let path = directory.path("m")
    let before = try FileManager.default.attributesOfItem(atPath: path)
    let time = try #require(before[.modificationDate])
    let file = try open("m")
    file.close(keepsChecksum: true)
    let handle = try #require(FileHandle(forUpdatingAtPath: path))
    try handle.write(contentsOf: Data("new".utf8))
    try handle.close()
    try FileManager.default.setAttributes([.modificationDate: time], ofItemAtPath: path)
    let error = #expect(throws: CheckpointError.self) { try text(file) }
    #expect(error?.code == .busy)
  }

  @Test func `a file that is gone is an error`() throws {
    try write("old", to: "m")
    let file = try open("m")
    file.close(keepsChecksum: true)
    try LocalFileSystem().removeFile(directory.path("m"))
    let error = #expect(throws: CheckpointError.self) { try text(file) }
    #expect(error?.code == .notFound)
    #expect(error?.message == "this was deleted while it was being read")
  }

  @Test func `where the system has no room, all others are closed first`() throws {
    for number in 0..<3 { try write("\(number)", to: "\(number)") }
    let files = try [open("0"), open("1")]
    let full = InterceptingFileSystem.failing(at: 0, errno: EMFILE)
    let last = try PooledFile(directory.path("2"), fileSystem: full, pool: pool)
    #expect(last.isOpen)
    #expect(pool.openCount == 1)
    #expect(try files.map { try text($0) } == ["0", "1"])
  }

  @Test func `where nothing can be closed, the system's refusal is the error`() throws {
    try write("0", to: "0")
    let full = InterceptingFileSystem.failing(at: 0, errno: EMFILE)
    let error = #expect(throws: CheckpointError.self) {
      try PooledFile(directory.path("0"), fileSystem: full, pool: pool)
    }
    #expect(error?.code == .io)
    #expect(error?.systemError == EMFILE)
  }
}
