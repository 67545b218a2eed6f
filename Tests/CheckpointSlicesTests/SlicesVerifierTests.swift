import CheckpointIO
import CheckpointSlices
import CheckpointTensors
import CheckpointTestSupport
import Testing

/// Proves that verifying a V1 file finds everything that is wrong with it.
@Suite struct SlicesVerifierTests {
  private func findings(_ file: [UInt8]) throws -> VerificationFindings {
    let directory = try TemporaryDirectory()
    try directory.write(file, to: "v1")
    return SlicesVerifier(try SlicesReader(path: directory.path("v1"))).verify()
  }

  private func problems(_ assembler: SlicesAssembler) throws -> [String] {
    try findings(assembler.file()).problems.problems.map {
      let key = $0.key.map { "\($0): " } ?? ""
      return "\(key)\($0.message) (\($0.code))"
    }
  }

  private static let floats: [UInt8] = [0x2A, 8, 0, 0, 128, 63, 0, 0, 0, 64]  // [1, 2]

  @Test func `an intact file has no problems`() throws {
    let findings = try findings(WorkedFileTests.file)
    #expect(findings.problems.count == 0)
    #expect(findings.notes == [])
    #expect(findings.tensorCount == 3)
    #expect(findings.byteCount > 0)
  }

  @Test func `every flipped bit is a problem, or a note where nobody reads`() throws {
    let file = WorkedFileTests.file
    for position in file.indices where !DamagedFileTests.unread.contains(position) {
      var damaged = file
      damaged[position] ^= 0x10
      guard let findings = try? findings(damaged) else { continue }  // it does not even open
      #expect(findings.problems.count > 0, "byte \(position)")
    }
    var damaged = file
    damaged[0x125] ^= 1  // in the metaindex block
    let findings = try findings(damaged)
    #expect(findings.problems.count == 0)
    #expect(findings.notes.first?.hasPrefix("nobody reads it, but it has changed: ") == true)
  }

  @Test func `all problems are found, each with its tensor`() throws {
    var file = SlicesAssembler()
    file.list("fine")
    file.add("fine", values: Self.floats)
    file.list("absent")
    file.list("other")
    file.add("other", says: ("fine", .all(rank: 1)), values: Self.floats)
    file.list("short", shape: [3])
    file.add("short", values: Self.floats)
    file.list("long", shape: [1])
    file.add("long", values: Self.floats)
    file.list("bfloat", 14)
    file.add("bfloat", values: Self.floats)
    #expect(
      try problems(file) == [
        "bfloat: V1 checkpoints have no form for values of bfloat16 (unsupported)",
        "long: the record has more values than the 1 elements (corrupt)",
        "other: the record of slice - says that it is slice - of 'fine' (corrupt)",
        "short: the record has 2 values for 3 elements (corrupt)",
        "absent: slice - is listed, but has no record (corrupt)",
      ])
  }

  @Test func `more elements than a record can have are not given room`() throws {
    var file = SlicesAssembler()
    file.list("huge", shape: [1 << 40])
    file.add("huge", values: Self.floats)
    #expect(
      try problems(file).first?.hasSuffix("too few for 1099511627776 elements (corrupt)") == true)
  }

  @Test func `slices that overlap are a problem, those that are missing a note`() throws {
    var file = SlicesAssembler()
    file.list("part", shape: [9], slices: [extent(1, 2)])
    file.add("part", TensorSlice([.range(start: 1, length: 2)]), values: Self.floats)
    file.list("twice", shape: [9], slices: [extent(1, 2), extent(2, 2)])
    file.add("twice", TensorSlice([.range(start: 1, length: 2)]), values: Self.floats)
    file.add("twice", TensorSlice([.range(start: 2, length: 2)]), values: Self.floats)
    let findings = try findings(file.file())
    #expect(findings.problems.problems.map(\.key) == ["twice"])
    #expect(findings.problems.problems.first?.message == "the slices 1,2 and 2,2 overlap")
    #expect(
      findings.notes == ["key 'part': its slices have 2 of 9 elements; the others were never saved"]
    )
  }

  @Test func `a record that no list names is noted`() throws {
    var file = SlicesAssembler()
    file.list("fine")
    file.add("fine", values: Self.floats)
    file.add("stray", values: Self.floats)
    let findings = try findings(file.file())
    #expect(findings.problems.count == 0)
    #expect(findings.notes.count == 1)
    #expect(findings.notes.first?.contains("nobody reads the record") == true)
  }
}
