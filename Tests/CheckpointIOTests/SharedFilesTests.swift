import CheckpointIO
import CheckpointTestSupport
import Dispatch
import Foundation
import Synchronization
import Testing

/// Files of a pool, and work, that many threads share.
@Suite struct SharedFilesTests {
  private let directory: TemporaryDirectory
  init() throws { directory = try TemporaryDirectory("shared") }

  private func text(_ file: PooledFile) throws(CheckpointError) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: Int(file.byteCount))
    var span = bytes.mutableSpan
    var output = unsafe span.mutableBytes  // every pattern of bits is a UInt8
    try file.read(into: &output, at: 0)
    return bytes
  }

  @Test func `more files than may be open are read by many threads, while others close them`()
    throws
  {
    let pool = FilePool(capacity: 3)
    let contents = (0..<12).map { number in (0..<200).map { UInt8(truncatingIfNeeded: $0 * number) }
    }
    for (number, bytes) in contents.enumerated() { try directory.write(bytes, to: "\(number)") }
    let files = try contents.indices.map {
      try PooledFile(directory.path("\($0)"), fileSystem: LocalFileSystem(), pool: pool)
    }
    let wrong = Mutex<[String]>([])
    DispatchQueue.concurrentPerform(iterations: 8) { thread in
      var random = SeededGenerator(seed: UInt64(thread))
      for _ in 0..<200 {
        let number = Int.random(in: 0..<files.count, using: &random)
        if Int.random(in: 0..<10, using: &random) == 0 { files[number].close() }
        do throws(CheckpointError) {
          let found = try text(files[number])
          if found != contents[number] { wrong.withLock { $0.append("file \(number) is another") } }
        } catch {
          wrong.withLock { $0.append("\(error)") }
        }
      }
    }
    #expect(wrong.withLock { $0 } == [])
    // A thread that opens a file may have found room that another one takes at the same time.
    for file in files { _ = try text(file) }
    #expect(pool.openCount <= 3)
    #expect(files.count { $0.isOpen } == pool.openCount)
  }

  @Test func `files that belong together are opened again if one is replaced meanwhile`() throws {
    for name in ["index", "data"] { try directory.write([1], to: name) }
    let pool = FilePool(capacity: 4)
    func open(_ name: String, into files: inout [PooledFile]) throws(CheckpointError) {
      files.append(
        try PooledFile(directory.path(name), fileSystem: LocalFileSystem(), pool: pool))
    }
    var tries = 0
    let result = try RepeatedOpening.open("run/m") { () throws(CheckpointError) in
      try RepeatedOpening.attempt("run/m") { files throws(CheckpointError) in
        try open("index", into: &files)
        try open("data", into: &files)
        tries += 1
        guard tries == 1 else { return tries }
        try LocalFileSystem().rename(directory.path("data"), to: directory.path("index"))
        try LocalFileSystem().createFile(directory.path("data")).close()
        return tries
      }
    }
    #expect(result == 2)
    let gone = #expect(throws: CheckpointError.self) {
      _ = try RepeatedOpening.attempt("run/m") { files throws(CheckpointError) in
        for name in ["index", "data"] { try open(name, into: &files) }
        try LocalFileSystem().removeFile(directory.path("index"))
      }
    }
    #expect(gone?.code == .notFound && gone?.file == "run/m")
    #expect(gone?.message == "this was deleted while it was being read")
  }

  @Test func `files that are replaced again and again are not opened for ever`() {
    var tries = 0
    let error = #expect(throws: CheckpointError.self) {
      try RepeatedOpening.open("run/m") { () -> Int? in
        tries += 1
        return nil
      }
    }
    #expect(tries == 10)
    #expect(error?.code == .busy && error?.file == "run/m")
    #expect(error?.message.contains("was replaced 10 times") == true)
  }

  @Test func `a file that was touched is the same one, if its content is known`() throws {
    try directory.write([1, 2, 3], to: "m")
    let time = FileTime(seconds: 1_000_000_000)
    let file = try PooledFile(
      directory.path("m"), fileSystem: LocalFileSystem(), pool: FilePool(capacity: 1))
    file.close(keepsChecksum: true)
    try FileManager.default.setAttributes(
      [.modificationDate: Date(timeIntervalSince1970: time.secondsSince1970)],
      ofItemAtPath: directory.path("m"))
    #expect(try file.change() == nil)
    #expect(try text(file) == [1, 2, 3])
  }

  @Test func `an error of damage is told as a change only if somebody writes to the file`() throws {
    try directory.write([1, 2, 3], to: "m")
    let file = try PooledFile(
      directory.path("m"), fileSystem: LocalFileSystem(), pool: FilePool(capacity: 1))
    let damage = CheckpointError(.corrupt, "wrong checksum")
    #expect(file.explained(damage, path: "m").message == "wrong checksum")
    try LocalFileSystem().rename(directory.path("m"), to: directory.path("gone"))
    #expect(
      file.explained(damage, path: "m").message == "wrong checksum", "what is open stays as it is")
    try LocalFileSystem().rename(directory.path("gone"), to: directory.path("m"))
    let handle = try #require(FileHandle(forUpdatingAtPath: directory.path("m")))
    try handle.seekToEnd()
    try handle.write(contentsOf: Data([4]))
    try handle.close()
    #expect(file.explained(damage, path: "m").code == .busy)
    let refused = CheckpointError(.mismatch, "another shape")
    #expect(file.explained(refused, path: "m").code == .mismatch)
  }

  @Test func `a whole file has the checksum of its bytes`() throws {
    for count in [0, 1, 1 << 18, 1 << 18 + 1, 700_001] {
      let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 7) }
      let expected = unsafe CRC32C(of: bytes.span.bytes)
      #expect(try MemoryFile(bytes).checksum() == expected, "\(count) bytes")
    }
  }

  // MARK: Work

  @Test func `many threads share out work at once, and each gets its own`() {
    let wrong = Mutex<[Int]>([])
    DispatchQueue.concurrentPerform(iterations: 4) { caller in
      for count in [0, 1, 2, 65, 500] {
        let sum = Atomic(0)
        SharedWork.run(count: count) { sum.add($0 + 1, ordering: .relaxed) }
        if sum.load(ordering: .relaxed) != count * (count + 1) / 2 {
          wrong.withLock { $0.append(count) }
        }
      }
    }
    #expect(wrong.withLock { $0 } == [])
  }

  @Test func `work within work is done`() {
    let sum = Atomic(0)
    SharedWork.run(count: 8) { _ in
      SharedWork.run(count: 8) { sum.add($0, ordering: .relaxed) }
    }
    #expect(sum.load(ordering: .relaxed) == 8 * 28)
  }

  @Test func `the error of a job that is alone comes through, and of parts the first one's`() {
    let alone = #expect(throws: CheckpointError.self) {
      try SharedWork.run(count: 1) { _ throws(CheckpointError) in
        throw CheckpointError(.io, "alone")
      }
    }
    #expect(alone?.message == "alone")
    var bytes = [UInt8](repeating: 0, count: 1000)
    var span = bytes.mutableSpan
    var memory = unsafe span.mutableBytes
    do throws(CheckpointError) {
      try memory.writeParts(of: 10) { number, _, _ throws(CheckpointError) in
        if number >= 3 { throw CheckpointError(.io, "part \(number)") }
      }
      Issue.record("parts from the third on fail")
    } catch {
      #expect(error.message == "part 3")
    }
  }

  @Test func `of nothing there are no parts`() {
    var none = MutableRawSpan()
    none.writeParts(of: 10) { _, _, _ in Issue.record("there is no part") }
    #expect(Chunks(of: 5..<5, by: 3).isEmpty)
    #expect(Array(Chunks(of: -3..<4, by: 3)) == [-3..<0, 0..<3, 3..<4])
    #expect(Array(Chunks(of: 0..<3, by: .max)) == [0..<3])
  }
}
