import CheckpointTestSupport
import Testing

/// Proves that a wrapper of a file system, or of a file, that forgets a call does not compile: what it forgot
/// would go to a default, past whoever records or fails it.
@Suite struct FileWrapperTests {
  // What each protocol asks for.
  private static let protocols: [String: [String]] = [
    "FileSystem": [
      "func openFile(_ path: String) throws(CheckpointError) -> any ReadableFile { fatalError() }",
      "func createFile(_ path: String, permissions: FilePermissions) throws(CheckpointError) -> any WritableFile { fatalError() }",
      "func reopenFile(_ path: String) throws(CheckpointError) -> any WritableFile { fatalError() }",
      "func rename(_ old: String, to new: String) throws(CheckpointError) {}",
      "func link(_ existing: String, to new: String) throws(CheckpointError) -> Bool { true }",
      "func removeFile(_ path: String) throws(CheckpointError) {}",
      "func createDirectory(_ path: String) throws(CheckpointError) {}",
      "func removeDirectory(_ path: String) throws(CheckpointError) {}",
      "func syncDirectory(_ path: String) throws(CheckpointError) {}",
      "func namesInDirectory(_ path: String) throws(CheckpointError) -> [String] { [] }",
      "func status(of path: String) throws(CheckpointError) -> FileStatus? { nil }",
      "func entryStatus(of path: String) throws(CheckpointError) -> FileStatus? { nil }",
      "func lockFile(_ path: String, creating: Bool) throws(CheckpointError) -> (any LockedFile)? { nil }",
      "func availableByteCount(at directory: String) -> UInt64? { nil }",
    ],
    "ReadableFile": [
      "var path: String { \"\" }", "var byteCount: UInt64 { 0 }",
      "var status: FileStatus { fatalError() }",
      "func read(into output: inout MutableRawSpan, at offset: UInt64) throws(CheckpointError) {}",
      "func map() throws(CheckpointError) -> MappedFile { fatalError() }",
    ],
    "WritableFile": [
      "var path: String { \"\" }", "func reserve(_ byteCount: UInt64) throws(CheckpointError) {}",
      "func write(_ bytes: RawSpan, at offset: UInt64) throws(CheckpointError) {}",
      "func startWriteback(_ range: ByteRange) {}", "func sync() throws(CheckpointError) {}",
      "func close() throws(CheckpointError) {}",
    ],
    "LockedFile": [
      "var isExclusive: Bool { true }", "var isNew: Bool { true }", "var owner: UInt32 { 0 }",
      "func contents(limit: Int) throws(CheckpointError) -> [UInt8] { [] }",
      "func setContents(_ bytes: [UInt8]) throws(CheckpointError) {}",
      "func sync() throws(CheckpointError) {}", "func remove() throws(CheckpointError) {}",
    ],
    "FileObserver": [
      "func moved(_ byteCount: Int) throws(CheckpointError) {}",
      "func willSync() throws(CheckpointError) {}",
      "func willRename(to path: String) throws(CheckpointError) {}",
    ],
  ]

  private func wrapper(_ name: String, _ protocolName: String, _ members: [String]) -> String {
    "final class \(name): \(protocolName) {\n\(members.joined(separator: "\n"))\n}\n"
  }

  @Test(.enabled(if: SwiftCompiler.shared != nil), arguments: protocols.keys.sorted())
  func `a wrapper needs every call, and no other`(name: String) throws {
    let compiler = try #require(SwiftCompiler.shared)
    let members = try #require(Self.protocols[name])
    let whole = "import CheckpointIO\n" + wrapper("Whole", name, members)
    #expect(try compiler.errors(in: whole, inPackage: true) == [])
    let partial = members.indices.map { index in
      var some = members
      some.remove(at: index)
      return wrapper("Without\(index)", name, some)
    }
    let errors = try compiler.errors(
      in: "import CheckpointIO\n" + partial.joined(), inPackage: true)
    let expected = members.indices.map {
      "type 'Without\($0)' does not conform to protocol '\(name)'"
    }
    #expect(Set(errors) == Set(expected))
  }
}
