import CheckpointPlans
import CheckpointTensors
import CheckpointIO
import CheckpointBundle
import CheckpointTestSupport
import Checkpoints
import Testing

@Suite struct ShowTests {
  func show(_ prefix: String, _ name: String) throws -> String {
    let run = try ToolRun.checkpoint("show", prefix, name)
    #expect(run.errors == "")
    #expect(run.status == 0)
    return run.output
  }

  @Test func `a tensor in slices is shown whole`() throws {
    #expect(
      try show(ToolRun.fixture("worked/sliced"), "w") == """
        w  float32[4, 3]
        [[ 0.  1.  2.]
         [ 3.  4.  5.]
         [ 6.  7.  8.]
         [ 9. 10. 11.]]

        """)
  }

  // As numpy prints them.
  static let complex = """
    [[ 1.4012985e-45          +infj  3.4028235e+38-3.4028235e+38j
      -3.4028235e+38+3.4028235e+38j]
     [           inf+1.4012985e-45j           -inf+1.0000000e+00j
                 nan-0.0000000e+00j]]
    """

  // The values of the fixture are edges of each type.
  @Test(arguments: [
    ("bfloat16", "[[ 9.18e-41  3.39e+38 -3.39e+38]\n [      inf      -inf       nan]]"),
    ("complex64", complex),
    (
      "float8_e4m3fn",
      "[[ 1.95312e-03  4.48000e+02 -4.48000e+02]\n [         nan          nan  0.00000e+00]]"
    ),
    ("bool", "[[ True False  True]\n [False  True False]]"),
    ("float16", "[[ 5.96e-08  6.55e+04 -6.55e+04]\n [      inf      -inf       nan]]"),
    ("float4_e2m1fn", "[[ 1.5  2.   3. ]\n [ 4.   6.  -0. ]]"),
    ("int2", "[[-1  0  1]\n [-2 -1  0]]"),
    ("int4", "[[ 3  4  5]\n [ 6  7 -8]]"),
    ("qint16", "[[ 32767 -32768     90]\n [     0      1     -1]]"),
    ("uint2", "[[3 0 1]\n [2 3 0]]"),
    ("uint4", "[[3 4 5]\n [6 7 8]]"),
  ])
  func `values of all types are shown`(dtype: String, values: String) throws {
    let output = try show(ToolRun.fixture("dtypes/all"), "\(dtype)/matrix")
    #expect(output == "\(dtype)/matrix  \(dtype)[2, 3]\n\(values)\n")
  }

  @Test func `strings and variants are shown as far as they are text`() throws {
    let strings = try show(ToolRun.fixture("dtypes/all"), "string/matrix")
    #expect(strings.contains("… (70000 bytes)\n"))
    #expect(strings.hasSuffix("[\"\" \"plain\" \"\\xff\\xfe\\x00\\x80not UTF-8\"]]\n"))
    let variant = try show(ToolRun.fixture("strings/tensor_list"), "list")
    #expect(variant == "list  variant[]\n<tensorflow::TensorList, 82 bytes>\n")
  }

  @Test func `an empty tensor has nothing to show`() throws {
    #expect(
      try show(ToolRun.fixture("dtypes/all"), "int8/empty") == "int8/empty  int8[2, 0, 3]\n[]\n")
  }

  @Test func `a large tensor is abbreviated, unless all is wanted`() throws {
    let directory = try TemporaryDirectory("show")
    var writer = try BundleWriter(
      prefix: directory.path("m"), shardByteCounts: [0], options: FileOptions())
    try writer.add(
      Tensor(shape: [4, 300], scalars: (0..<1200).map { Float($0) / 4 + 1 }), for: "large")
    try writer.finish()
    #expect(
      try show(directory.path("m"), "large") == """
        large  float32[4, 300]
        [[  1.     1.25   1.5  ...  75.25  75.5   75.75]
         [ 76.    76.25  76.5  ... 150.25 150.5  150.75]
         [151.   151.25 151.5  ... 225.25 225.5  225.75]
         [226.   226.25 226.5  ... 300.25 300.5  300.75]]

        """)
    let all = try ToolRun.checkpoint("show", "--all", directory.path("m"), "large").output
    #expect(!all.contains("..."))
    #expect(all.contains("\n [ 76.    76.25  76.5   76.75  77.    77.25  77.5   77.75  78."))
    #expect(all.split(separator: "\n").allSatisfy { $0.count <= 75 })
  }

  @Test(arguments: ["line\\x0abreak", "a\\xffb", "s\\x00l\\xffice", "inner\\x00zero"])
  func `names are found as they are listed`(name: String) throws {
    #expect(try show(ToolRun.fixture("names/not_utf8"), name).hasPrefix("\(name)  float32["))
  }

  @Test func `names are found by their bytes`() throws {
    let run = try ToolRun.shell(
      "checkpoint show \"$1\" \"$(printf 'a\\377b')\"", ToolRun.fixture("names/not_utf8"))
    #expect(run.status == 0)
    #expect(run.output.hasPrefix("a\\xffb  float32[2]\n"))
  }

  @Test func `a wrong name gets the nearest`() throws {
    let prefix = ToolRun.fixture("dtypes/all")
    let run = try ToolRun.checkpoint("show", prefix, "int8/vectr")
    #expect(run.status == 1)
    #expect(
      run.errors.hasPrefix(
        "checkpoint: \(prefix): no tensor has the key 'int8/vectr'; nearest are 'int8/vector', "))
  }
}
