import CheckpointBundle
import CheckpointSafetensors
import CheckpointSlices
import CheckpointTensors
import CheckpointTestSupport
import Foundation
import Testing

/// Proves what `stats` tells, for files of all formats; `TensorStatisticsTests` has the arithmetic.
@Suite struct StatsTests {
  private let directory: TemporaryDirectory
  private var prefix: String { directory.path("m") }

  init() throws { directory = try TemporaryDirectory("stats") }

  private func save(_ tensors: [(String, AnyTensor)]) throws {
    try directory.save(tensors, to: "m")
  }

  private static let tensors: [(String, AnyTensor)] = [
    ("bad", AnyTensor(Tensor<Float>([1, .nan, -.infinity, 3]))),
    ("empty", AnyTensor(Tensor<Float>(repeating: 0, shape: [0, 3]))),
    ("größe/漢字", AnyTensor(Tensor<Double>([0, 0, 1, 1]))),
    ("step", AnyTensor(Tensor<Int64>(.max))),
    ("text", AnyTensor(Tensor<[UInt8]>(Array("hello".utf8)))),
    ("true", AnyTensor(Tensor<Bool>([true, true, true, false]))),
  ]

  @Test func `each tensor gets a line, and columns never run together`() throws {
    try save(Self.tensors)
    let run = try ToolRun.checkpoint("stats", prefix)
    #expect(run.errors == "")
    #expect(run.status == 0)
    #expect(
      run.output == """
        name        dtype    count                  min                  max        mean      std  zeros  nan  inf  histogram
        bad         float32      4                    1                    3           2        1      0    1    1  █              █
        empty       float32      0                    -                    -           -        -      0    0    0
        größe/漢字  float64      4                    0                    1         0.5      0.5      2    0    0  █              █
        step        int64        1  9223372036854775807  9223372036854775807  9.2234e+18        0      0    0    0          █
        text        string       1                    -                    -           -        -      -    -    -  10 B
        true        bool         4                    0                    1        0.75  0.43301      1    0    0  ▃              █
        6 tensors, 14 elements; 1 NaN, 1 infinite, in 1 tensor: 'bad'

        """)
  }

  @Test func `the JSON form has numbers, or null where there are none`() throws {
    try save(Self.tensors)
    let run = try ToolRun.checkpoint("stats", prefix, "--json")
    let zeros = String(repeating: "0,", count: 14)
    #expect(
      run.output == """
        [
        {"name":"bad","dtype":"float32","shape":[4],"count":4,"zeros":0,"nan":1,"infinite":1,\
        "min":1.0,"max":3.0,"mean":2.0,"std":1.0,"histogram":[1,\(zeros)1]},
        {"name":"empty","dtype":"float32","shape":[0,3],"count":0,"zeros":0,"nan":0,"infinite":0,\
        "min":null,"max":null,"mean":null,"std":null,"histogram":null},
        {"name":"größe/漢字","dtype":"float64","shape":[4],"count":4,"zeros":2,"nan":0,"infinite":0,\
        "min":0.0,"max":1.0,"mean":0.5,"std":0.5,"histogram":[2,\(zeros)2]},
        {"name":"step","dtype":"int64","shape":[],"count":1,"zeros":0,"nan":0,"infinite":0,\
        "min":9223372036854775807,"max":9223372036854775807,"mean":9.223372036854776e+18,"std":0.0,\
        "histogram":[0,0,0,0,0,0,0,0,1,0,0,0,0,0,0,0]},
        {"name":"text","dtype":"string","shape":[],"count":1,"bytes":10},
        {"name":"true","dtype":"bool","shape":[4],"count":4,"zeros":1,"nan":0,"infinite":0,\
        "min":0.0,"max":1.0,"mean":0.75,"std":0.4330127018922193,"histogram":[1,\(zeros)3]}
        ]

        """)
    #expect(throws: Never.self) { try JSONSerialization.jsonObject(with: Data(run.outputBytes)) }
  }

  @Test(
    arguments: [
      (["--fail-on-nan"], 1), ([], 0), (["--fail-on-nan", "step"], 0),
      (["--fail-on-nan", "--json", "bad"], 1),
    ] as [([String], Int32)])
  func `NaN and infinities are a failure if that is asked for`(arguments: [String], status: Int32)
    throws
  {
    try save(Self.tensors)
    let run = try ToolRun.shell(
      "checkpoint stats \"$1\" \(arguments.joined(separator: " "))", prefix)
    #expect(run.status == status)
    #expect(run.errors == "")
  }

  @Test func `all formats are alike`() throws {
    let tensor = Tensor<Float>((0..<1000).map { Float($0) / 7 })
    try save([("w", AnyTensor(tensor))])
    let old = directory.path("old")
    var slices = try SlicesWriter(path: old)
    try slices.add(tensor, for: "w")
    try slices.finish()
    let file = directory.path("w.safetensors")
    var safetensors = try SafetensorsWriter(file)
    try safetensors.add(tensor, for: "w")
    try safetensors.finish()
    let outputs = try [prefix, old, file].map { try ToolRun.checkpoint("stats", $0).output }
    #expect(Set(outputs).count == 1)
    #expect(
      outputs[0].contains("w     float32   1000    0  142.71  71.357  41.239      1    0    0  "))
  }

  @Test func `a tensor in slices and the other byte order are no matter`() throws {
    let sliced = try ToolRun.checkpoint("stats", ToolRun.fixture("worked/sliced"), "w")
    #expect(
      sliced.output.contains("w     float32     12    0   11   5.5  3.4521      1    0    0  "))
    let (big, little) = (ToolRun.fixture("bigendian/all"), directory.path("little"))
    #expect(try ToolRun.checkpoint("convert", big, little).status == 0)
    let patterns = ["stats", "--json", big, "float*", "int*", "complex*", "bfloat*"]
    let output = try ChildProcess.run("checkpoint", patterns).output
    let same = try ChildProcess.run("checkpoint", patterns.map { $0 == big ? little : $0 })
    #expect(same.output == output)
    #expect(output.split(separator: "\n").count > 10)
  }

  @Test func `a damaged tensor gets a message, and the others are shown`() throws {
    try save([("a", AnyTensor(Tensor<Float>([1, 2]))), ("b", AnyTensor(Tensor<Float>([3, 4])))])
    let data = "m.data-00000-of-00001"
    var bytes = try directory.bytes(data)
    bytes[9] ^= 1  // in `b`
    try directory.write(bytes, to: data)
    let run = try ToolRun.checkpoint("stats", prefix)
    #expect(run.status == 1)
    #expect(run.output.contains("\na     float32      2    1    2   1.5  0.5 "))
    #expect(!run.output.contains("\nb "))
    let lines = run.errors.split(separator: "\n")
    #expect(lines.count == 2)
    #expect(run.errors.contains("key 'b': the tensor's checksum is 0x"))
    #expect(lines.last == "checkpoint: 1 tensor cannot be read, and has no statistics: 'b'")
  }

  @Test func `damaged strings get a message as numbers do`() throws {
    try save([
      ("a", AnyTensor(Tensor<[UInt8]>(Array("hello".utf8)))), ("b", AnyTensor(Tensor<Float>([1]))),
    ])
    let data = "m.data-00000-of-00001"
    var bytes = try directory.bytes(data)
    bytes[6] ^= 1  // behind the length and its checksum
    try directory.write(bytes, to: data)
    let changed = try ToolRun.checkpoint("stats", prefix)
    #expect(changed.status == 1)
    #expect(!changed.output.contains("\na "))
    #expect(changed.errors.contains("key 'a': the tensor's checksum is 0x"))
    try directory.write([UInt8](), to: data)
    let empty = try ToolRun.checkpoint("stats", prefix)
    #expect(empty.status == 1)
    #expect(empty.output == "no tensors\n")
    #expect(
      empty.errors.hasSuffix("2 tensors cannot be read, and have no statistics: 'a', 'b'\n"))
  }

  @Test func `a missing file is said once`() throws {
    try save((0..<20).map { ("w\($0)", AnyTensor(Tensor<Float>([1]))) })
    try FileManager.default.removeItem(atPath: "\(prefix).data-00000-of-00001")
    let run = try ToolRun.checkpoint("stats", prefix)
    #expect(run.status == 1)
    let lines = run.errors.split(separator: "\n")
    #expect(lines.count == 2)
    #expect(
      lines.last?.hasPrefix("checkpoint: 20 tensors cannot be read, and have no statistics: ")
        == true)
    #expect(run.output == "no tensors\n")
  }

  @Test func `many tensors are no matter, and a reader that goes away is no error`() throws {
    let prefix = ToolRun.fixture("many/five_thousand")
    let run = try ToolRun.checkpoint("stats", prefix)
    #expect(run.status == 0)
    #expect(run.output.split(separator: "\n").count == 5002)
    let cut = try ToolRun.shell("checkpoint stats \"$1\" | head -1", prefix)
    #expect(cut.errors == "")
    #expect(cut.output.hasPrefix("name "))
  }

  @Test func `a tensor larger than what is kept comes in pieces`() throws {
    let count = 10 << 20  // 40 MiB
    let tensor = Tensor<Float>((0..<count).map { Float($0 % 1024) })
    try save([("w", AnyTensor(tensor))])
    let run = try ToolRun.checkpoint("stats", prefix)
    #expect(
      run.output.contains(
        "w     float32  10485760    0  1023  511.5  295.6  10240    0    0  ████████████████\n"))
  }
}
