import CheckpointBundle
import CheckpointTensors
import CheckpointGraph
import CheckpointTestSupport
import Checkpoints
import Foundation
import Testing

@Suite struct SuggestTests {
  private let directory: TemporaryDirectory
  private let old: String
  private let new: String

  init() throws {
    directory = try TemporaryDirectory()
    old = try Self.save(
      directory.path("old"),
      ["bert/x/kernel": [2, 3], "bert/x/bias": [3], "p/kernel": [5, 5], "q/kernel": [5, 5]])
    new = try Self.save(
      directory.path("new"),
      ["b/x/kernel": [2, 3], "b/x/bias": [3], "r/kernel": [5, 5], "s/t": []])
  }

  private static func save(_ path: String, _ variables: [String: TensorShape]) throws -> String {
    try Saver(variables.mapValues { Variable<Float>(repeating: 0, shape: $0) }).save(to: path)
  }

  @Test func `proposes rules, and leaves open what is`() throws {
    let run = try ToolRun.checkpoint("suggest", old, "--like", new)
    #expect(run.status == 1)
    #expect(run.errors == "")
    let lines = run.output.split(separator: "\n")
    #expect(
      lines.prefix(2) == ["2 of 4 variables have a counterpart", #"  .prefix("bert/", to: "b/")"#])
    #expect(lines.suffix(2) == ["open  r/kernel: p/kernel, q/kernel", "none  s/t"])
  }

  @Test func `the rules alone are what 'map' takes`() throws {
    let rules = try ToolRun.checkpoint("suggest", old, "--like=\(new)", "--rules")
    #expect(rules.output == "[\n  {\"prefix\": \"bert/\", \"to\": \"b/\"}\n]\n")
    let path = directory.path("rules.json")
    try rules.output.write(toFile: path, atomically: true, encoding: .utf8)
    let map = try ToolRun.checkpoint("map", old, path, "--dry-run")
    #expect(map.status == 0)
    #expect(map.output.contains("bert/x/kernel float32[2, 3] -> b/x/kernel float32[2, 3]\n"))
  }

  @Test func `the JSON form has pairs, open names and rules`() throws {
    let run = try ToolRun.checkpoint("suggest", old, "--like", new, "--json")
    let object = try JSONSerialization.jsonObject(with: Data(run.outputBytes)) as? [String: Any]
    let pairs = try #require(object?["pairs"] as? [[String: Any]])
    #expect(pairs.map { $0["wanted"] as? String } == ["b/x/bias", "b/x/kernel"])
    #expect(pairs.map { $0["stored"] as? String } == ["bert/x/bias", "bert/x/kernel"])
    #expect(pairs.allSatisfy { ($0["confidence"] as? Double ?? 0) > 0.5 })
    #expect(pairs.allSatisfy { $0["transform"] is NSNull })
    #expect((object?["rules"] as? [[String: String]])?.first == ["prefix": "bert/", "to": "b/"])
    #expect(object?["unmatched_wanted"] as? [String] == ["s/t"])
    #expect(object?["unmatched_stored"] as? [String] == ["p/kernel", "q/kernel"])
    let open = try #require(object?["ambiguous"] as? [[String: Any]])
    #expect(open.first?["candidates"] as? [String] == ["p/kernel", "q/kernel"])
  }

  @Test func `counts names that are not UTF-8, and shows them as 'list' does`() throws {
    let odd = directory.path("odd")
    var writer = try BundleWriter(prefix: odd)
    for name in ["a\\xff", "b"] { try writer.add(Tensor<Float>([1]), for: TensorKey(name)) }
    try writer.add(Tensor<Float>([1]), for: TensorKey(bytes: [0x63, 0xE9]))
    try writer.finish()
    let run = try ToolRun.checkpoint("suggest", odd, "--like", odd)
    #expect(run.status == 1)
    #expect(run.output.hasPrefix("2 of 3 variables have a counterpart\n"))
    #expect(run.output.hasSuffix("\nnone  c\\xe9\n"))
    let other = try directory.save(
      [("b", floats(1)), ("c", AnyTensor(Tensor<Int32>([1, 2])))], to: "other")
    let json = try ToolRun.checkpoint("suggest", other, "--like", odd, "--json")
    let object = try JSONSerialization.jsonObject(with: Data(json.outputBytes)) as? [String: Any]
    #expect(object?["unmatched_wanted"] as? [String] == ["a\\xff", "c\\xe9"])
    let bytes = try #require(object?["unmatched_wanted_base64"] as? [Any])
    #expect(bytes.map { $0 as? String } == [nil, Data([0x63, 0xE9]).base64EncodedString()])
    #expect(object?["unmatched_stored"] as? [String] == ["c"])
    #expect(object?["unmatched_stored_base64"] == nil)
  }

  @Test func `is content where every name has its counterpart`() throws {
    let run = try ToolRun.checkpoint("suggest", old, "--like", old)
    #expect(run.status == 0)
    #expect(run.output.hasPrefix("4 of 4 variables have a counterpart\n1.00  "))
    let misuse = try ToolRun.checkpoint("suggest", old, "--rules")
    #expect(misuse.status == 2)
    #expect(misuse.errors.contains("'--rules' needs '--like OTHER'"))
  }

  @Test func `names the rule set that is made for the names`() throws {
    let bert = try Self.save(
      directory.path("bert"), ["bert/encoder/layer_0/attention/self/query/kernel": [2, 2]])
    let line =
      "rule set bert: BERT of google-research, to Hugging Face's names; "
      + "checkpoint convert \(bert) DEST --map bert\n"
    let run = try ToolRun.checkpoint("suggest", bert)
    #expect(run.output == line)
    #expect(run.status == 0)
    #expect(try ToolRun.checkpoint("suggest", bert, "--like", bert).output.hasPrefix(line))
    #expect(
      try ToolRun.checkpoint("suggest", bert, "--json").output == "{\"rule_sets\":[\"bert\"]}\n")
    let none = try ToolRun.checkpoint("suggest", old)
    #expect(none.output.hasPrefix("no rule set is made for these names; --like OTHER proposes"))
    #expect(none.status == 1)
  }
}
