import CheckpointBundle
import CheckpointTensors
import CheckpointTestSupport
import Foundation
import Testing

/// Proves what `report` writes: `StatsTests` and `LayerTests` have the figures in it.
@Suite struct ReportTests {
  private let directory: TemporaryDirectory
  private var page: String { directory.path("out.html") }

  init() throws { directory = try TemporaryDirectory("report") }

  private func text() throws -> String {
    String(decoding: try directory.bytes("out.html"), as: UTF8.self)
  }

  private static let tensors: [(String, AnyTensor)] = [
    ("a/b/bias", floats(1, 2)), ("a/b/kernel", floats(0, 0, 1, 4)),
    ("a/c/kernel", floats(1, .nan, 3)),
    ("step", AnyTensor(Tensor<Int64>(.max))), ("text", AnyTensor(Tensor<[UInt8]>(Array("x".utf8)))),
  ]

  @Test func `shows layers, statistics and what is NaN`() throws {
    let prefix = try directory.save(Self.tensors, to: "m")
    let run = try ToolRun.checkpoint("report", page, prefix)
    #expect(run.errors == "" && run.status == 0)
    #expect(run.output == "\(page) is written: 5 tensors\n")
    let outline = try PageOutline(text())
    #expect(outline.texts["h1"] == ["m"])
    #expect(
      outline.texts["h2"] == ["Bad tensors: NaN, infinite, or damaged", "Layers and tensors"])
    #expect(
      outline.texts["tr"]?.map { $0.trimmingCharacters(in: .whitespaces) } == [
        "tensors5", "parameters10", "bytes50 B", "types3 float32, 1 int64, 1 string",
        "NaN1", "infinite0", "not readable0", "tensortypeelementsNaNinfinite",
        "a/c/kernelfloat32[3]310",
      ])
    let rows = try #require(outline.texts["summary"])
    #expect(rows == ["a/ 1 bad936 B", "b/624 B"])
    let lines = try #require(outline.texts["div"])
    #expect(lines.contains("biasfloat32[2]28 B000121.50.5"))
    #expect(lines.contains("c/kernelfloat32[3]312 B1001321"))
    #expect(lines.contains("stepint64[]18 B000922337203685477580792233720368547758079.2234e+180"))
    #expect(lines.contains("textstring[]06 B"))
    // A picture of 0, 0, 1 and 4: two of sixteen bars, then nothing up to the last one.
    let bars = "V0h6" + String(repeating: "V20h6", count: 3) + "V10h6"
    #expect(
      outline.values(of: "d").contains(
        "M0 20\(bars)\(String(repeating: "V20h6", count: 10))V10h6V20z"))
  }

  @Test func `needs nothing from elsewhere`() throws {
    let prefix = try directory.save(Self.tensors, to: "m")
    #expect(try ToolRun.checkpoint("report", page, prefix).status == 0)
    let text = try text()
    for address in ["http:", "https:", "src=", "href=", "url(", "@import", "fetch", "import("] {
      #expect(!text.contains(address), "\(address)")
    }
    #expect(text.contains("default-src 'none'"))
  }

  @Test func `names are text, whatever is in them`() throws {
    let names = [
      "<script>alert(1)</script>", "a\"b' onload='x", "&lt;", "größe/漢字", "\u{202E}x", "/",
      "a/",
    ]
    let prefix = try directory.save(names.map { ($0, floats(.nan)) }, to: "<m>&\"")
    #expect(try ToolRun.checkpoint("report", page, prefix).status == 0)
    let outline = try PageOutline(text())
    #expect(outline.texts["script"]?.count == 1)
    #expect(outline.texts["h1"] == ["&lt;m&gt;&amp;&quot;"])
    #expect(outline.values(of: "onload").isEmpty)
    let titles = outline.values(of: "title")
    #expect(titles.contains("&lt;script&gt;alert(1)&lt;/script&gt;"))
    #expect(titles.contains("a&quot;b&#39; onload=&#39;x"))
    #expect(titles.contains("&amp;lt;"))
    #expect(titles.contains("\\xe2\\x80\\xaex"))
    #expect(outline.texts["td"]?.filter { $0.hasPrefix("float32[") }.count == names.count)
  }

  @Test func `two checkpoints are compared, the layer that has moved farthest first`() throws {
    let first = try directory.save(
      [
        ("a/w", floats(3, 4)), ("b/w", floats(1, 0)), ("c/w", floats(1)), ("d/w", floats(5)),
        ("e/w", floats(0)),
      ], to: "one")
    let second = try directory.save(
      [
        ("a/w", floats(3, 4.5)), ("b/w", floats(2, 0)), ("c/w", floats(1)), ("d/w", floats(5, 5)),
        ("e/w", floats(.infinity)), ("f/w", floats(1)),
      ], to: "two")
    let run = try ToolRun.checkpoint("report", page, first, second)
    #expect(run.status == 0 && run.errors == "")
    let outline = try PageOutline(text())
    #expect(outline.texts["h1"] == ["one and two"])
    #expect(
      outline.texts["h2"] == [
        "What has changed, by layer", "Bad tensors of \(second): NaN, infinite, or damaged",
        "Layers and tensors of \(first)", "Layers and tensors of \(second)",
      ])
    let rows = try #require(outline.texts["tr"])
    let start = try #require(rows.firstIndex { $0.hasPrefix("layerrelative") })
    #expect(
      Array(rows[(start + 1)...].prefix(5)) == [
        "einfinf1 of 1", "b111 of 1", "a0.10.51 of 1", "d--0 of 01 of another type or shape",
        "f--0 of 01 only in the second",
      ])
    #expect(outline.values(of: "style").filter { $0 == "--w:10.0%" }.count == 1)
    let same = try ToolRun.checkpoint("report", "--overwrite", page, first, first)
    #expect(same.status == 0)
    #expect(try PageOutline(text()).texts["p"]?.contains("No difference: 5 layers.") == true)
  }

  /// A checkpoint without tensors, and types that are not read here.
  @Test func `what has nothing to show is told`() throws {
    func write(_ header: String, _ bytes: [UInt8], to name: String) throws -> String {
      let length = (0..<8).map { UInt8(truncatingIfNeeded: header.utf8.count >> (8 * $0)) }
      try directory.write(length + Array(header.utf8) + bytes, to: name)
      return directory.path(name)
    }
    let empty = try write("{}", [], to: "empty")
    let odd = try write(
      #"{"<a>":{"dtype":"F8_E8M0","shape":[1],"data_offsets":[0,1]}}"#, [1], to: "odd")
    #expect(try ToolRun.checkpoint("report", page, empty, odd).status == 0)
    let paragraphs = try #require(try PageOutline(text()).texts["p"])
    #expect(paragraphs.filter { $0 == "No tensors." }.count == 2)
    #expect(paragraphs.contains("No difference: 0 layers."))
    #expect(
      paragraphs.contains(
        "1 tensor of \(odd) of types that are not read here: &#39;&lt;a&gt;&#39;"))
  }

  @Test func `a tensor that is a layer as well has both`() throws {
    let prefix = try directory.save([("w", floats(1)), ("w/Adam", floats(2))], to: "m")
    #expect(try ToolRun.checkpoint("report", page, prefix).status == 0)
    let outline = try PageOutline(text())
    #expect(outline.texts["summary"] == ["w/float32[1]28 B0001110"])
    #expect(outline.values(of: "class").contains("r t"))
  }

  @Test func `two of one name are told apart by their paths`() throws {
    for name in ["a", "b"] {
      try FileManager.default.createDirectory(
        atPath: directory.path(name), withIntermediateDirectories: false)
      try directory.save([("w", floats(1))], to: "\(name)/m")
    }
    let (first, second) = (directory.path("a/m"), directory.path("b/m"))
    #expect(try ToolRun.checkpoint("report", page, first, second).status == 0)
    #expect(try PageOutline(text()).texts["h1"] == ["\(first) and \(second)"])
  }

  @Test func `a damaged tensor is in the page, and the others are shown`() throws {
    let prefix = try directory.save([("a", floats(1, 2)), ("b", floats(3, 4))], to: "m")
    let data = "m.data-00000-of-00001"
    var bytes = try directory.bytes(data)
    bytes[9] ^= 1  // in `b`
    try directory.write(bytes, to: data)
    let run = try ToolRun.checkpoint("report", page, prefix, prefix)
    #expect(run.status == 1)
    #expect(run.errors.contains("key 'b': the tensor's checksum is 0x"))
    let outline = try PageOutline(text())
    #expect(outline.texts["td"]?.contains { $0.contains("the tensor&#39;s checksum") } == true)
    #expect(outline.texts["tr"]?.contains("b--0 of 01 not readable") == true)
    #expect(outline.texts["tr"]?.contains("not readable11") == true)
    let rows = try #require(outline.texts["div"])
    #expect(rows.contains("afloat32[2]28 B000121.50.5"))
    #expect(rows.contains("bfloat32[2]28 Bnot readable"))
  }

  @Test func `damaged strings are in the page, too`() throws {
    let strings = AnyTensor(Tensor<[UInt8]>(Array("hello".utf8)))
    let prefix = try directory.save([("a", floats(1)), ("b", strings)], to: "m")
    let data = "m.data-00000-of-00001"
    var bytes = try directory.bytes(data)
    bytes[bytes.count - 1] ^= 1  // in `b`
    try directory.write(bytes, to: data)
    let run = try ToolRun.checkpoint("report", page, prefix)
    #expect(run.status == 1)
    #expect(run.errors.contains("key 'b': the tensor's checksum is 0x"))
    let outline = try PageOutline(text())
    #expect(outline.texts["tr"]?.contains("not readable1") == true)
    #expect(outline.texts["div"]?.contains("bstring[]010 Bnot readable") == true)
  }

  @Test func `refuses to write over anything without being told to`() throws {
    let prefix = try directory.save([("a", floats(1))], to: "m")
    let swapped = try ToolRun.checkpoint("report", prefix, page)
    #expect(swapped.status == 2)
    #expect(swapped.errors.contains("is no page: OUT.html comes first\n"))
    try directory.write(Array("mine".utf8), to: "out.html")
    let refused = try ToolRun.checkpoint("report", page, prefix)
    #expect(refused.status == 1)
    #expect(refused.errors.contains("a file is here already; '--overwrite' replaces it"))
    #expect(try text() == "mine")
    #expect(try ToolRun.checkpoint("report", page, prefix, "--overwrite").status == 0)
    #expect(try text().hasPrefix("<!DOCTYPE html>"))
    try FileManager.default.createDirectory(
      atPath: directory.path("d.html"), withIntermediateDirectories: false)
    let there = try ToolRun.checkpoint("report", "--overwrite", directory.path("d.html"), prefix)
    #expect(there.status == 1)
    #expect(there.errors.contains("is where the report belongs; rename or remove it"))
    let file = directory.path("m.html")  // a checkpoint may have any name
    #expect(try ToolRun.checkpoint("convert", "--to", "v1", prefix, file).status == 0)
    let onItself = try ToolRun.checkpoint("report", "--overwrite", file, file)
    #expect(onItself.errors.contains("the report would take the place of the checkpoint"))
    try FileManager.default.removeItem(atPath: file)
    let nowhere = try ToolRun.checkpoint("report", directory.path("no.html"), directory.path("x"))
    #expect(nowhere.status == 1)
    let names = try FileManager.default.contentsOfDirectory(atPath: directory.path)
    #expect(Set(names) == ["m.index", "m.data-00000-of-00001", "out.html", "d.html"])
  }

  @Test(.enabled(if: TestCases.areAll, "it takes many seconds"), .timeLimit(.minutes(20)))
  func `a page has a limit, and says what is left out`() throws {
    let many = (0..<50_001).map { ("layer/w\($0)", floats(1)) }
    let prefix = try directory.save(many + [("v", floats(1))], to: "m")
    #expect(try ToolRun.checkpoint("report", page, prefix).status == 0)
    let outline = try PageOutline(text())
    #expect(outline.texts["div"]?.contains { $0.hasPrefix("layer/50,001") } == true)
    #expect(
      outline.texts["p"]?.contains {
        $0 == "50,001 of 50,002 tensors have no line of their own here; "
          + "'checkpoint stats PREFIX LAYER' shows those of a layer."
      } == true)
  }
}
