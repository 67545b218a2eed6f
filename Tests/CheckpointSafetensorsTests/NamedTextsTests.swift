import CheckpointIO
import CheckpointSafetensors
import Testing

/// Proves that names and texts are told apart by their bytes.
@Suite struct NamedTextsTests {
  private let composed = "caf\u{E9}"
  private let decomposed = "cafe\u{301}"

  @Test func `names that look the same are two`() {
    var texts: NamedTexts = [composed: "1", decomposed: "2", "a": ""]
    #expect(texts[composed] == "1")
    #expect(texts[decomposed] == "2")
    #expect(
      texts.sorted.map { Array($0.name.utf8) }
        == ["a", decomposed, composed].map { Array($0.utf8) })
    #expect(texts.sorted.map(\.text) == ["", "2", "1"])
    #expect(texts.dictionary == ["a": "", decomposed: "2"])
    texts[decomposed] = nil
    #expect(texts == ["a": "", composed: "1"])
  }

  @Test func `a name that is there keeps its text`() {
    var texts: NamedTexts = [composed: "1"]
    let isNew = [texts.add("2", as: composed), texts.add("3", as: decomposed)]
    #expect(isNew == [false, true])
    #expect(texts == [composed: "1", decomposed: "3"])
  }

  @Test func `texts that look the same differ`() {
    let texts: NamedTexts = ["a": composed]
    #expect(texts == NamedTexts(["a": composed]))
    #expect(texts != ["a": decomposed])
    #expect(texts != ["b": composed])
    #expect(texts != [:])
    #expect(!texts.isEmpty && NamedTexts().isEmpty)
  }
}
