import CheckpointBundle
import CheckpointTensors
import CheckpointTestSupport
import Checkpoints
import Foundation
import Testing

@Suite struct MapTests {
  private let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  private func rules(_ text: String) throws -> String {
    let path = directory.path("rules.json")
    try text.write(toFile: path, atomically: true, encoding: .utf8)
    return path
  }

  @Test func `shows what becomes of each tensor`() throws {
    let path = try rules(
      #"""
      [{"rename": {"w": "dense/w"}}, {"drop": {"prefix": "bias"}}, {"drop": {"regex": "Adam"}},
       {"transpose": [1, 0], "of": {"suffix": "/w"}}]
      """#)
    let run = try ToolRun.checkpoint("map", ToolRun.fixture("worked/sliced"), path, "--dry-run")
    #expect(run.status == 0)
    #expect(run.errors == "")
    #expect(
      run.output == """
        w float32[4, 3] -> dense/w float32[3, 4]
        dropped  bias float32[]
        idle     rule 3: .drop(.regex("Adam"))
        1 tensor, 1 changed, 1 dropped

        """)
  }

  @Test func `shows what options would make of names, without a file of rules`() throws {
    let path = directory.path("m")
    try Saver([
      "conv/w": Variable<Float>(1), "conv/w/ExponentialMovingAverage": Variable<Float>(2),
      "step": Variable<Int64>(3),
    ]).save(to: path)
    let run = try ToolRun.checkpoint(
      "map", path, "--dry-run", "--prefer", "/ExponentialMovingAverage", "--names", "dotted")
    #expect(run.errors == "")
    #expect(
      run.output == """
        conv/w/ExponentialMovingAverage float32[] -> conv.w float32[]
        same     step int64[]
        dropped  conv/w float32[]
        2 tensors, 1 changed, 1 dropped

        """)
    let nothing = try ToolRun.checkpoint("map", ToolRun.fixture("worked/sliced"), "--dry-run")
    #expect(nothing.status == 2)
    #expect(nothing.errors.contains("it needs RULES, '--prefer' or '--names'"))
  }

  @Test func `says what stays as it is, and what is wrong`() throws {
    let path = try rules(#"[{"rename": {"v": "x"}}]"#)
    let run = try ToolRun.checkpoint("map", ToolRun.fixture("worked/sliced"), path, "--dry-run")
    #expect(run.status == 1)
    #expect(
      run.output == """
        same     bias float32[]
        same     w float32[4, 3]
        problem  rule 1 of the mapping: there is no tensor 'v' (notFound)
        2 tensors, 0 changed, 0 dropped

        """)
  }

  @Test func `a tensor that the rules leave without a name is a problem`() throws {
    let path = try rules(#"[{"rename": {"bias": "b"}}, {"replace": "^w$", "with": ""}]"#)
    let source = ToolRun.fixture("worked/sliced")
    let run = try ToolRun.checkpoint("map", source, path, "--dry-run")
    #expect(run.status == 1)
    let problem = "the rules leave 'w' without a name, and a tensor needs one (unsupported)"
    #expect(run.output.contains("problem  \(problem)\n"))
    for format in ["v2", "v1", "safetensors"] {
      let target = directory.path("m")
      let converted = try ToolRun.checkpoint(
        "convert", source, target, "--map", path, "--to", format)
      #expect(converted.status == 1)
      #expect(converted.errors == "checkpoint: \(source): \(problem)\n")
      #expect(directory.names == ["rules.json"])
    }
    let later = try rules(
      #"[{"replace": "^w$", "with": ""}, {"prefix": "", "to": "x/"}]"#)
    #expect(try ToolRun.checkpoint("map", source, later, "--dry-run").status == 0)
  }

  @Test func `the JSON form has the same`() throws {
    let path = try rules(#"[{"stack": ["b", "c"], "axis": 0, "into": "bc"}]"#)
    let run = try ToolRun.checkpoint(
      "map", "--json", "--dry-run", ToolRun.fixture("worked/two_tensors"), path)
    #expect(run.status == 1)
    let object = try JSONSerialization.jsonObject(with: Data(run.outputBytes)) as? [String: Any]
    #expect((object?["problems"] as? [String])?.count == 1)
    #expect((object?["tensors"] as? [[String: Any]])?.count == 2)
    #expect((object?["dropped"] as? [Any])?.isEmpty == true)
    let fine = try rules(#"[{"prefix": "", "to": "x/"}, {"prefix": "y", "to": ""}]"#)
    let second = try ToolRun.checkpoint(
      "map", "--json", "--dry-run", ToolRun.fixture("worked/two_tensors"), fine)
    #expect(
      second.output == """
        {"tensors":[
        {"name":"x/a","dtype":"int64","shape":[],"sources":[{"name":"a","dtype":"int64","shape":[]}]},
        {"name":"x/b","dtype":"float32","shape":[2],"sources":[{"name":"b","dtype":"float32","shape":[2]}]}],
        "dropped":[],
        "idle_rules":[2],
        "problems":[]}

        """)
  }

  @Test func `the JSON form tells names that are not UTF-8 from those that look alike`() throws {
    let path = directory.path("m")
    var writer = try BundleWriter(prefix: path)
    for name in [Array(#"caf\xe9/w"#.utf8), Array("caf".utf8) + [0xE9, 0x2F, 0x77]] {
      try writer.add(Tensor<Float>(1), for: TensorKey(bytes: name))
    }
    try writer.finish()
    let run = try ToolRun.checkpoint("map", path, "--names", "dotted", "--dry-run", "--json")
    #expect(run.status == 0)
    let spec = #""dtype":"float32","shape":[]"#
    #expect(
      run.output.hasPrefix(
        #"""
        {"tensors":[
        {"name":"caf\\xe9.w",\#(spec),"sources":[{"name":"caf\\xe9/w",\#(spec)}]},
        {"name":"caf\\xe9.w","name_base64":"Y2Fm6S53",\#(spec),\#
        "sources":[{"name":"caf\\xe9/w","name_base64":"Y2Fm6S93",\#(spec)}]}],

        """#), "\(run.output)")
  }

  @Test func `rules come from a pipe, too`() throws {
    let run = try ToolRun.shell(
      """
      echo '[{"rename": {"w": "dense/w"}}]' | checkpoint map "$1" /dev/stdin --dry-run
      """, ToolRun.fixture("worked/sliced"))
    #expect(run.status == 0, "\(run.errors)")
    #expect(run.output.contains("w float32[4, 3] -> dense/w float32[4, 3]\n"), "\(run.output)")
    let wrong = try ToolRun.shell(
      "echo '[{}]' | checkpoint map \"$1\" /dev/stdin --dry-run", ToolRun.fixture("worked/sliced"))
    #expect(wrong.status == 1)
    #expect(wrong.errors.hasPrefix("checkpoint: /dev/stdin: byte "), "\(wrong.errors)")
  }

  @Test func `a device without an end is read up to the limit of rules`() throws {
    let run = try ToolRun.checkpoint(
      "map", ToolRun.fixture("worked/sliced"), "/dev/zero", "--dry-run")
    #expect(run.status == 1)
    #expect(
      run.errors
        == "checkpoint: /dev/zero: more than 16777216 bytes of rules; a pattern can stand for the names that a "
        + "rule lists (limitExceeded)\n")
    let folder = try ToolRun.checkpoint(
      "map", ToolRun.fixture("worked/sliced"), directory.path, "--dry-run")
    #expect(folder.errors.contains("this is a directory, a file is needed (notACheckpoint)"))
  }

  @Test func `asks for --dry-run, and says where rules are wrong`() throws {
    let path = try rules("[\n{\"prefix\": \"a\"}]")
    let bare = try ToolRun.checkpoint("map", ToolRun.fixture("worked/sliced"), path)
    #expect(bare.status == 2)
    #expect(bare.errors.contains("map: nothing is written; say so with --dry-run"))
    let wrong = try ToolRun.checkpoint("map", ToolRun.fixture("worked/sliced"), path, "--dry-run")
    #expect(wrong.status == 1)
    #expect(
      wrong.errors
        == "checkpoint: \(path): byte 2: line 2: rule 1: 'prefix' needs the field 'to' too (corrupt)\n"
    )
  }

  @Test func `sees objects by their full names if asked`() throws {
    let path = try rules("[]")
    let keys = try ToolRun.checkpoint("map", ToolRun.fixture("worked/object"), path, "--dry-run")
    #expect(keys.output.contains("v/.ATTRIBUTES/VARIABLE_VALUE float32[2]"))
    let names = try ToolRun.checkpoint(
      "map", ToolRun.fixture("worked/object"), path, "--dry-run", "--full-names")
    #expect(!names.output.contains("v/.ATTRIBUTES/VARIABLE_VALUE"))
  }
}
