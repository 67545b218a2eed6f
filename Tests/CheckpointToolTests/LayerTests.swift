import CheckpointBundle
import CheckpointSafetensors
import CheckpointStore
import CheckpointTensors
import CheckpointTestSupport
import Foundation
import Testing

/// Proves what lists and differences by layer say.
@Suite struct LayerTests {
  private let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory("layers") }

  private func save(_ name: String, _ tensors: [(String, AnyTensor)]) throws -> String {
    try directory.save(tensors, to: name)
  }

  private func ones(_ shape: TensorShape) -> AnyTensor {
    AnyTensor(Tensor<Float>(repeating: 1, shape: shape))
  }

  // MARK: list

  @Test func `a tree shows what each layer amounts to`() throws {
    let path = try save(
      "m",
      [
        ("net/layer/10/w", ones([10, 100])), ("net/layer/2/b", ones([10])),
        ("net/layer/2/w", ones([10, 10])), ("net/layer/2/w/Adam", ones([10, 10])),
        ("step", AnyTensor(Tensor<Int64>(1))),
        ("text", AnyTensor(Tensor<[UInt8]>(Array("abc".utf8)))),
      ])
    #expect(
      try ToolRun.checkpoint("list", "--tree", path).output == """
        layer       parameters    bytes   share  tensor
        net/layer/       1,210  4.7 KiB  99.7 %
          2/               210    840 B  17.3 %
            b               10     40 B   0.8 %  float32[10]
            w/             200    800 B  16.5 %  float32[10, 10]
              Adam         100    400 B   8.2 %  float32[10, 10]
          10/w           1,000  3.9 KiB  82.4 %  float32[10, 100]
        step                 1      8 B   0.2 %  int64[]
        text                 0      8 B   0.2 %  string[]
        6 tensors, 1,211 parameters, 4.7 KiB

        """)
    #expect(
      try ToolRun.checkpoint("list", "--tree", "--depth", "2", "--sort=size", path, "net").output
        == """
        layer       parameters    bytes    share  tensor
        net/layer/       1,210  4.7 KiB  100.0 %
          10/w           1,000  3.9 KiB   82.6 %  float32[10, 100]
          2/               210    840 B   17.4 %
        4 tensors, 1,210 parameters, 4.7 KiB

        """)
  }

  @Test func `names with dots are cut at dots`() throws {
    let path = directory.path("m.safetensors")
    var writer = try SafetensorsWriter(path)
    try writer.add(ones([2]), for: "model.norm.weight")
    try writer.add(ones([3]), for: "model.embed.weight")
    try writer.finish()
    #expect(
      try ToolRun.checkpoint("list", "--tree", path).output == """
        layer           parameters  bytes    share  tensor
        model.                   5   20 B  100.0 %
          embed.weight           3   12 B   60.0 %  float32[3]
          norm.weight            2    8 B   40.0 %  float32[2]
        2 tensors, 5 parameters, 20 B

        """)
    #expect(
      try ToolRun.checkpoint("list", path, "model.norm", "--names").output == "model.norm.weight\n")
  }

  @Test func `any names make a tree`() throws {
    for prefix in [
      "names/not_utf8", "names/odd", "many/five_thousand", "object/nested-1", "keras/keras3_adam",
    ] {
      let run = try ToolRun.checkpoint("list", "--tree", ToolRun.fixture(prefix))
      #expect(run.status == 0)
      #expect(run.errors == "")
    }
    let deep = Array(repeating: "a", count: 5_000).joined(separator: "/")
    let path = try save("deep", [(deep, ones([1])), ("a/b", ones([1])), ("//", ones([1]))])
    let run = try ToolRun.checkpoint("list", "--tree", path)
    #expect(run.status == 0)
    #expect(run.output.hasSuffix("3 tensors, 3 parameters, 12 B\n"))
  }

  @Test func `a list is sorted as it is asked for, and columns never run together`() throws {
    let long = String(repeating: "n", count: 100)
    let path = try save(
      "m",
      [
        ("a", ones([2])), (long, ones([3])),
        ("漢字", AnyTensor(Tensor<Bool>([true, true, true, true]))),
      ])
    #expect(
      try ToolRun.checkpoint("list", path).output == """
        a     float32  [2]   8 B
        \(long)  float32  [3]  12 B
        漢字  bool     [4]   4 B
        3 tensors, 24 B in 1 data file

        """)
    let sorted = try ["name", "size", "count"].map {
      try ToolRun.checkpoint("list", "--names", "--sort", $0, path).output
    }
    #expect(sorted == ["a\n\(long)\n漢字\n", "\(long)\na\n漢字\n", "漢字\n\(long)\na\n"])
  }

  @Test(arguments: [
    (["--sort", "x"], "'x' is no order: name, size or count"),
    (["--tree", "--names"], "'--names' goes without '--tree'"),
    (["--tree", "--json"], "'--tree' goes without '--json'"),
    (["--depth", "2"], "'--depth' needs '--tree'"),
    (["--tree", "--depth", "0"], "'0' is no number of levels: 1 or more"),
    (["--metadata", "w"], "'--metadata' goes without names of tensors"),
  ])
  func `options that make no sense together are refused`(options: [String], message: String) throws
  {
    let run = try ChildProcess.run("checkpoint", ["list", "m"] + options)
    #expect(run.status == 2)
    #expect(run.errors.hasPrefix("checkpoint: list: \(message)\n"))
  }

  // MARK: diff

  @Test func `layers are sorted by how far they have moved`() throws {
    let first = try save(
      "a",
      [
        ("far/w", floats(3, 4)), ("gone/w", floats(1)), ("near/b", floats(1)),
        ("near/w", floats(10, 0)),
        ("same/w", floats(1, .nan)), ("shape/w", floats(1)), ("zero", floats(0)),
      ])
    let second = try save(
      "b",
      [
        ("far/w", floats(3, 3)), ("near/b", floats(1)), ("near/w", floats(10, 0.5)),
        ("new/w", floats(1)),
        ("same/w", floats(1, .nan)), ("shape/w", floats(1, 2)), ("zero", floats(1)),
      ])
    let run = try ToolRun.checkpoint("diff", "--layers", first, second)
    #expect(run.status == 1)
    #expect(
      run.output == """
        layer  relative change  largest distance  tensors changed  besides
        far                0.2                 1           1 of 1
        near          0.049752               0.5           1 of 2
        zero            from 0                 1           1 of 1
        gone                 -                 -           0 of 0  1 only in the first
        new                  -                 -           0 of 0  1 only in the second
        shape                -                 -           0 of 0  1 of another type or shape
        6 layers changed, 1 layer the same

        """)
    let same = try ToolRun.checkpoint("diff", "--layers", first, first)
    #expect(same.status == 0)
    #expect(same.output == "no difference: 6 layers\n")
    let json = try ToolRun.checkpoint("diff", "--layers", "--json", first, second)
    #expect(
      json.output.contains(
        #"{"name":"zero","relative_change":"inf","largest_distance":1.0,"tensors":1,"changed":1,"#
          + #""only_in_first":0,"only_in_second":0,"reshaped":0,"damaged":0}"#))
    #expect(throws: Never.self) { try JSONSerialization.jsonObject(with: Data(json.outputBytes)) }
  }

  @Test func `numbers that Swift has no type for are measured as others are`() throws {
    func eights(_ bytes: [UInt8]) throws -> AnyTensor {
      try unsafe AnyTensor(TensorSpec(.float8E4M3FN, [2]), bytes: bytes.span.bytes)
    }
    // 1 and 2 become 1 and 3; 1 and 1 become 1 and NaN.
    let first = try save(
      "a", [("m/w", try eights([0x38, 0x40])), ("n/w", try eights([0x38, 0x38]))])
    let second = try save(
      "b", [("m/w", try eights([0x38, 0x44])), ("n/w", try eights([0x38, 0x7F]))])
    let run = try ToolRun.checkpoint("diff", "--layers", first, second)
    #expect(
      run.output == """
        layer  relative change  largest distance  tensors changed  besides
        n                  inf               inf           1 of 1
        m              0.44721                 1           1 of 1
        2 layers changed, 0 layers the same

        """)
    let tensors = try ToolRun.checkpoint("diff", "--tolerance", "1", first, second)
    #expect(tensors.output.hasPrefix("~ n/w  float8_e4m3fn[2]  1 of 2 elements, by at most inf\n"))
  }

  @Test func `a damaged tensor is told, and the others are compared`() throws {
    let first = try save("a", [("m/w", floats(1, 2)), ("n/w", floats(3, 4))])
    let second = try save("b", [("m/w", floats(1, 3)), ("n/w", floats(3, 4))])
    let data = "b.data-00000-of-00001"
    var bytes = try directory.bytes(data)
    bytes[9] ^= 1  // in `n/w`
    try directory.write(bytes, to: data)
    let run = try ToolRun.checkpoint("diff", "--layers", first, second)
    #expect(run.status == 1)
    #expect(run.errors.contains("key 'n/w': the tensor's checksum is 0x"))
    #expect(run.output.contains("\nm              0.44721                 1           1 of 1\n"))
    #expect(
      run.output.contains(
        "\nn                    -                 -           0 of 0  1 not readable\n"))
  }

  @Test(arguments: ["", "version https://git-lfs.github.com/spec/v1\noid sha256:4d\nsize 8\n"])
  func `tensors of a file that is something else are named`(content: String) throws {
    let tensors = [("m/v", floats(1)), ("m/w", floats(2))]
    let (first, second) = (try save("a", tensors), try save("b", tensors))
    try directory.write(content.utf8, to: "b.data-00000-of-00001")
    let run = try ToolRun.checkpoint("diff", "--layers", first, second)
    #expect(run.status == 1)
    let lines = run.errors.split(separator: "\n")
    #expect(lines.count == 2)
    #expect(lines[0].contains("b.data-00000-of-00001: key 'm/v': this is "), "\(lines[0])")
    #expect(
      lines[1] == "checkpoint: 2 tensors cannot be read, and are not compared: 'm/v', 'm/w'")
  }

  @Test func `integers have no part in the relative change`() throws {
    func layers(_ step: Int32, _ weight: Float) -> [(String, AnyTensor)] {
      [
        ("m/step", AnyTensor(Tensor<Int32>(step))), ("m/w", floats(weight)),
        ("n/step", AnyTensor(Tensor<Int32>(step))),
      ]
    }
    let (first, second) = (try save("a", layers(1, 2)), try save("b", layers(1000, 3)))
    let run = try ToolRun.checkpoint("diff", "--layers", first, second)
    #expect(
      run.output == """
        layer  relative change  largest distance  tensors changed  besides
        m                  0.5               999           2 of 2
        n                    -               999           1 of 1
        2 layers changed, 0 layers the same

        """)
  }

  @Test func `a NaN that comes is an infinite change, and large numbers are no matter`() throws {
    let first = try save(
      "a",
      [
        ("huge/w", AnyTensor(Tensor<Double>([1e300, 0]))), ("nan/w", floats(1, 2)),
        ("tiny/w", AnyTensor(Tensor<Double>([1e-300, 0]))),
      ])
    let second = try save(
      "b",
      [
        ("huge/w", AnyTensor(Tensor<Double>([1e300, 5e299]))), ("nan/w", floats(1, .nan)),
        ("tiny/w", AnyTensor(Tensor<Double>([1e-300, 2.5e-301]))),
      ])
    let lines = try ToolRun.checkpoint("diff", "--layers", first, second).output.split(
      separator: "\n")
    #expect(lines[1].split(separator: " ").prefix(3) == ["nan", "inf", "inf"])
    #expect(lines[2].split(separator: " ").prefix(2) == ["huge", "0.5"])
    #expect(lines[3].split(separator: " ").prefix(2) == ["tiny", "0.25"])
  }

  @Test func `numbers that are farther apart than any number have moved by what they are`() throws {
    func doubles(_ numbers: Double...) -> AnyTensor { AnyTensor(Tensor<Double>(numbers)) }
    let first = try save(
      "a",
      [("huge/w", doubles(1.7e308, 1)), ("nan/w", doubles(1, .infinity)), ("w", doubles(1, 2))])
    let second = try save(
      "b",
      [("huge/w", doubles(-1.7e308, 1)), ("nan/w", doubles(1, -.infinity)), ("w", doubles(1, 12))])
    let run = try ToolRun.checkpoint("diff", "--layers", first, second)
    #expect(
      run.output == """
        layer  relative change  largest distance  tensors changed  besides
        nan                inf               inf           1 of 1
        w               4.4721                10           1 of 1
        huge                 2               inf           1 of 1
        3 layers changed, 0 layers the same

        """)
  }

  @Test func `layers may be cut short`() throws {
    let (first, second) = (
      try save("a", [("net/a/b/w", floats(1)), ("net/c/w", floats(1))]),
      try save("b", [("net/a/b/w", floats(2)), ("net/c/w", floats(1))])
    )
    func layers(_ options: String...) throws -> [Substring] {
      let run = try ChildProcess.run("checkpoint", ["diff", first, second, "--layers"] + options)
      return run.output.split(separator: "\n").dropFirst().map { $0.prefix { $0 != " " } }
    }
    #expect(try layers() == ["net/a/b", "1"])
    #expect(try layers("--depth", "1") == ["net", "1"])
    #expect(try layers("--depth=2") == ["net/a", "1"])
    let misuse = try ToolRun.checkpoint("diff", first, second, "--depth", "1")
    #expect(misuse.errors.hasPrefix("checkpoint: diff: '--depth' needs '--layers'\n"))
    let both = try ToolRun.checkpoint("diff", first, second, "--layers", "--tolerance", "1")
    #expect(both.errors.hasPrefix("checkpoint: diff: '--layers' goes without '--tolerance'\n"))
  }
}
