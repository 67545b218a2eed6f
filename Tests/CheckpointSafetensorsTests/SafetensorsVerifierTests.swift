import CheckpointIO
import CheckpointSafetensors
import CheckpointTensors
import CheckpointTestSupport
import Testing

/// Proves what verifying a safetensors file says, and that it says what it cannot know.
@Suite struct SafetensorsVerifierTests {
  private static let honesty =
    "safetensors files have no checksums: changed values cannot be told from right ones"

  private func file(_ header: String, _ elements: [UInt8]) -> [UInt8] {
    let length = (0..<8).map { UInt8(truncatingIfNeeded: header.utf8.count >> (8 * $0)) }
    return length + Array(header.utf8) + elements
  }

  @Test func `an intact file has no problems, and a note`() throws {
    let header = #"{"a":{"dtype":"U8","shape":[3],"data_offsets":[0,3]}}"#
    let reader = try SafetensorsReader(file: MemoryFile(file(header, [1, 2, 3])))
    var progress: [UInt64] = []
    let findings = SafetensorsVerifier(reader).verify { checked, total in
      progress += [checked, total]
    }
    #expect(findings.problems.count == 0)
    #expect(findings.notes == [Self.honesty])
    #expect(findings.tensorCount == 1)
    #expect(findings.byteCount == 3)
    #expect(progress == [3, 3])
  }

  @Test func `types that are not read here are noted`() throws {
    let header = #"{"a":{"dtype":"F8_E8M0","shape":[1],"data_offsets":[0,1]}}"#
    let reader = try SafetensorsReader(file: MemoryFile(file(header, [1])))
    let findings = SafetensorsVerifier(reader).verify()
    #expect(
      findings.notes.dropFirst() == [
        "key 'a': its elements are of the type F8_E8M0, which is not read here"
      ])
    #expect(findings.tensorCount == 1)
  }

  @Test func `what cannot be read is a problem of its tensor`() throws {
    let header =
      #"{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"#
      + #""b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}}"#
    let memory = MemoryFile(file(header, [1, 2, 3]), path: "m.safetensors")
    let reader = try SafetensorsReader(file: BrokenFile(memory, from: memory.byteCount - 2))
    let findings = SafetensorsVerifier(reader).verify()
    #expect(findings.problems.problems.map(\.key) == ["b"])
    #expect(findings.problems.problems.first?.file == "m.safetensors")
    #expect(findings.problems.problems.first?.systemError == 5)
  }
}

/// A file whose disk fails from some byte on.
private final class BrokenFile: ReadableFile {
  private let file: MemoryFile
  private let start: UInt64

  init(_ file: MemoryFile, from start: UInt64) {
    self.file = file
    self.start = start
  }

  var path: String { file.path }
  var byteCount: UInt64 { file.byteCount }
  var status: FileStatus { file.status }

  func read(into output: inout MutableRawSpan, at offset: UInt64) throws(CheckpointError) {
    guard offset + UInt64(output.byteCount) <= start else {
      throw .system("read", errno: 5, file: path)
    }
    try file.read(into: &output, at: offset)
  }

  func map() throws(CheckpointError) -> MappedFile { try file.map() }
}
