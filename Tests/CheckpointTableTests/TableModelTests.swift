import CheckpointIO
import CheckpointTable
import CheckpointTestSupport
import Testing

/// Tables compared with sorted dictionaries.
@Suite struct TableModelTests {
  /// Random entries in order, with keys that share much, little or nothing.
  static func entries(using rng: inout SeededGenerator) -> [Entry] {
    var model: [[UInt8]: [UInt8]] = [:]
    for _ in 0..<Int.random(in: 1...200, using: &rng) {
      let stem = ["", "model/layer_", "\u{FF}"].randomElement(using: &rng) ?? ""
      let tail = (0..<Int.random(in: 0...3, using: &rng)).map { _ in
        [0, 0x61, 0x62, 0xFE, 0xFF].randomElement(using: &rng) ?? 0 as UInt8
      }
      let valueCount = Int.random(in: 0...300, using: &rng)
      model[Array(stem.utf8) + tail] = (0..<valueCount).map { UInt8(truncatingIfNeeded: $0) }
    }
    return model.map { Entry($0.key, $0.value) }
      .sorted { $0.key.lexicographicallyPrecedes($1.key) }
  }

  @Test(.timeLimit(.minutes(20)), arguments: [1, 2, 16, 1000], [1, 64, 512, 262_144])
  func `gives back what was written`(restartInterval: Int, blockByteCount: Int) throws {
    for seed in 0..<UInt64(TestCases.count(25, sample: 6)) {
      var rng = SeededGenerator(seed: seed)
      let entries = Self.entries(using: &rng)
      let file = try writeTable(
        entries, blockByteCount: blockByteCount, restartInterval: restartInterval)
      let table = try readTable(file)
      #expect(try table.entries() == entries, "seed \(seed)")
      for entry in entries {
        #expect(try table.value(for: entry.key) == entry.value, "seed \(seed)")
      }
      if blockByteCount == 1 { #expect(table.blockCount == entries.count, "seed \(seed)") }
    }
  }

  @Test(.timeLimit(.minutes(20)), arguments: [1, 64, 512, 262_144])
  func `looks up what is there and what is not`(blockByteCount: Int) throws {
    for seed in 0..<UInt64(TestCases.count(50, sample: 12)) {
      var rng = SeededGenerator(seed: seed)
      let entries = Self.entries(using: &rng)
      let table = try readTable(try writeTable(entries, blockByteCount: blockByteCount))
      let model = Dictionary(uniqueKeysWithValues: entries.map { ($0.key, $0.value) })
      let wanted = (entries.filter { _ in Bool.random(using: &rng) } + Self.entries(using: &rng))
        .map(\.key).sorted { $0.lexicographicallyPrecedes($1) }
      #expect(try table.values(ofSorted: wanted) == wanted.map { model[$0] }, "seed \(seed)")
      for key in wanted {
        #expect(try table.value(for: key) == model[key], "seed \(seed)")
      }
    }
  }

  @Test func `visits a key as often as it is wanted`() throws {
    let table = try readTable(try writeTable([Entry("a", "1"), Entry("c", "3")]))
    let wanted = ["", "a", "a", "b", "b", "c", "c", "d", "d"].map { Array($0.utf8) }
    let found = try table.values(ofSorted: wanted).map {
      $0.map { String(decoding: $0, as: UTF8.self) }
    }
    #expect(found == [nil, "1", "1", nil, nil, "3", "3", nil, nil])
    #expect(try table.values(ofSorted: []).isEmpty)
  }

  @Test func `refuses wanted keys out of order`() throws {
    let table = try readTable(try writeTable([Entry("a", "1")]))
    let error = #expect(throws: CheckpointError.self) {
      try table.values(ofSorted: [[0x62], [0x61]])
    }
    #expect(
      error?.description
        == "keys to look up must be sorted by their bytes, but 'b' stands before 'a' "
        + "(invalidArgument)")
  }

  @Test func `passes the caller's error on and stops`() throws {
    let table = try readTable(try writeTable([Entry("a", "1"), Entry("b", "2")]))
    var visited = 0
    let error = #expect(throws: CheckpointError.self) {
      try table.forEach { (_, _) throws(CheckpointError) in
        visited += 1
        throw CheckpointError(.mismatch, "enough")
      }
    }
    #expect(error?.description == "enough (mismatch)")
    #expect(visited == 1)
  }
}
