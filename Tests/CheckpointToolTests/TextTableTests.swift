import Testing

@testable import CheckpointTool

@Suite struct TextTableTests {
  private func lines(_ table: TextTable) -> [String] {
    var lines: [String] = []
    table.forEachLine { lines.append($0) }
    return lines
  }

  @Test func `columns are two spaces apart, whatever is in them`() {
    var table = TextTable([.left("name", widthLimit: 6), .right("n"), .left("rest")])
    table.add(["a", "1", "x"])
    table.add(["longer than 6", "22", ""])
    table.add(["漢字", "", "y"])
    #expect(
      lines(table) == [
        "name   n  rest", "a      1  x", "longer than 6  22", "漢字      y",
      ])
  }

  @Test(arguments: [
    ("", 0), ("abc", 3), ("é", 1), ("e\u{301}", 1), ("漢字", 4), ("한", 2), ("Ａ", 2), ("🚀", 2),
    ("…", 1),
  ])
  func `texts are as wide as a terminal shows them`(text: String, width: Int) {
    #expect(text.width == width)
  }

  @Test(
    arguments: [
      (0, "0"), (1, "1"), (-3, "-3"), (1234567, "1234567"), (0.1, "0.1"), (0.123456, "0.12346"),
      (1.5e-7, "1.5e-07"), (1e-5, "1e-05"), (123.456789, "123.46"), (1e10, "1e+10"),
      (9_999_999_999, "9999999999"), (-2.5e20, "-2.5e+20"), (1234567.8, "1234600"), (-0.0, "0"),
      (.infinity, "inf"),
    ] as [(Double, String)])
  func `numbers are short`(number: Double, text: String) {
    #expect(number.shortText == text)
  }

  @Test(arguments: [
    ([], ""), ([0, 0], ""), ([1, 0, 8], "▁ █"), ([0, 5, 0], " █"), ([1, 1000], "▁█"),
    ([4, 8], "▄█"),
  ])
  func `histograms are blocks`(counts: [Int], text: String) {
    #expect(HistogramLine.text(counts) == text)
  }

  @Test func `thousands have commas`() {
    #expect(
      [0, 999, 1000, 1_234_567, UInt64.max].map(\.grouped) == [
        "0", "999", "1,000", "1,234,567", "18,446,744,073,709,551,615",
      ])
  }
}
