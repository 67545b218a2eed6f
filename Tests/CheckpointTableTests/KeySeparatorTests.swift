import CheckpointTable
import CheckpointTestSupport
import Testing

@Suite struct KeySeparatorTests {
  func shortest(_ last: [UInt8], _ next: [UInt8]) -> [UInt8] {
    var output: [UInt8] = []
    KeySeparator.shortest(after: last.span, before: next.span, into: &output)
    return output
  }

  func successor(_ last: [UInt8]) -> [UInt8] {
    var output: [UInt8] = []
    KeySeparator.successor(of: last.span, into: &output)
    return output
  }

  @Test(arguments: [
    ("aaa/kernel", "m", "b"),
    ("layer_03405/w", "layer_03406/w", "layer_03405/w"),
    ("bbb/kernel", "c", "bbb/kernel"),
    ("ab", "abc", "ab"),
    ("abc1", "abc9zz", "abc2"),
    ("", "a", ""),
  ]) func `separates two keys as TensorFlow does`(last: String, next: String, expected: String) {
    #expect(shortest(Array(last.utf8), Array(next.utf8)) == Array(expected.utf8))
  }

  @Test func `does not raise a byte that is ff`() {
    #expect(shortest([1, 0xFE, 7], [1, 0xFF]) == [1, 0xFE, 7])
    #expect(shortest([1, 0xFD, 7], [1, 0xFF]) == [1, 0xFE])
  }

  @Test(
    arguments: [
      ([0x7A], [0x7B]),
      ([0x7F, 0x7F, 0x7F], [0x80]),
      ([0xFF, 0xFF, 0x03, 0x7A, 0x7A], [0xFF, 0xFF, 0x04]),
      ([0xFF, 0xFF, 0xFF], [0xFF, 0xFF, 0xFF]),
      ([], []),
      ([0x00, 0x77], [0x01]),
    ] as [([UInt8], [UInt8])]) func `ends a table as TensorFlow does`(
      last: [UInt8], expected: [UInt8]
    )
  {
    #expect(successor(last) == expected)
  }

  @Test(.timeLimit(.minutes(20))) func `lies between the keys and is no longer than the first`() {
    for seed in 0..<5_000 as Range<UInt64> {
      var rng = SeededGenerator(seed: seed)
      let keys = (0..<2).map { _ in
        (0..<Int.random(in: 0...12, using: &rng)).map { _ in
          [0, 1, 2, 0xFE, 0xFF].randomElement(using: &rng) ?? 0
        } as [UInt8]
      }.sorted { $0.lexicographicallyPrecedes($1) }
      guard keys[0] != keys[1] else { continue }
      let separator = shortest(keys[0], keys[1])
      #expect(!separator.lexicographicallyPrecedes(keys[0]), "seed \(seed)")
      #expect(separator.lexicographicallyPrecedes(keys[1]), "seed \(seed)")
      #expect(separator.count <= keys[0].count, "seed \(seed)")
      #expect(!successor(keys[0]).lexicographicallyPrecedes(keys[0]), "seed \(seed)")
    }
  }
}
