import CheckpointIO
import CheckpointTable
import CheckpointTestSupport
import Testing

@Suite struct KeyOrderTests {
  @Test(.timeLimit(.minutes(20))) func `orders keys as unsigned bytes, the shorter one first`() {
    for seed in 0..<5_000 as Range<UInt64> {
      var rng = SeededGenerator(seed: seed)
      let common = (0..<Int.random(in: 0...20, using: &rng)).map { UInt8($0) }
      func key() -> [UInt8] {
        common
          + (0..<Int.random(in: 0...9, using: &rng)).map { _ in
            [0, 0x7F, 0x80, 0xFF].randomElement(using: &rng) ?? 0
          }
      }
      let (a, b) = (key(), key())
      let expected = zip(a, b).prefix { $0 == $1 }.count
      #expect(a.span.commonPrefixCount(with: b.span) == expected, "seed \(seed)")
      #expect(a.span.precedes(b.span) == a.lexicographicallyPrecedes(b), "seed \(seed)")
      #expect(a.span.matches(b.span) == (a == b), "seed \(seed)")
      let itself = (same: a.span.matches(a.span), before: a.span.precedes(a.span))
      #expect(itself == (true, false), "seed \(seed)")
    }
  }

  @Test func `lists keys and finds them`() {
    var list = KeyList()
    #expect(list.count == 0 && list.firstIndex(notBelow: "a".utf8Span.span) == 0)
    for key in ["", "b", "d", "d", "long key"] { list.append(key) }
    #expect(list.count == 5)
    #expect(list.byteCount == 11)
    #expect(array(list[4]) == Array("long key".utf8))
    #expect(array(list[0]) == [])
    for (key, expected) in [("", 0), ("a", 1), ("b", 1), ("c", 2), ("d", 2), ("e", 4), ("m", 5)] {
      #expect(list.firstIndex(notBelow: key.utf8Span.span) == expected, "\(key)")
    }
    #expect(list.firstIndex(notBelow: "d".utf8Span.span, from: 3) == 3)
  }

  @Test func `shows a key in a message as text or as bytes`() {
    #expect("dense/kernel".utf8Span.span.keyText == "'dense/kernel'")
    let bytes: [UInt8] = [0, 0x77, 0xFF]
    #expect(bytes.span.keyText == "00 77 ff")
    #expect("tab\t".utf8Span.span.keyText == "74 61 62 09")
    let long = String(repeating: "k", count: 300)
    #expect(long.utf8Span.span.keyText == "'\(long.prefix(100))'… (300 bytes)")
  }
}
