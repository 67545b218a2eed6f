import CheckpointTensors
import CheckpointStore
import CheckpointSlices
import CheckpointSafetensors
import CheckpointBundle
import CheckpointIO
import CheckpointTestSupport
import Checkpoints
import Testing

/// Proves that every writer answers what is asked of it in the wrong order, or twice, with an error.
@Suite struct WriterMisuseTests {
  let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory("writers") }

  static let formats = CheckpointFormat.allCases
  static let slicedFormats: [CheckpointFormat] = [.v1, .v2]
  private var path: String { directory.path("m") }
  private let half = Tensor<Float>([1, 2])

  private func writer(_ format: CheckpointFormat) throws -> any TensorWriter {
    switch format {
    case .v2: try BundleWriter(prefix: path)
    case .v1: try SlicesWriter(path: path)
    case .safetensors, .modelDirectory: try SafetensorsWriter(path)
    }
  }

  private func problem(_ body: () throws -> Void) -> CheckpointError? {
    #expect(throws: CheckpointError.self) { try body() }
  }

  private func expectFinished(_ error: CheckpointError?, key: String? = nil) {
    #expect(error?.code == .invalidArgument)
    #expect(error?.message.hasPrefix("this writer is finished") == true)
    #expect(error?.file == path)
    #expect(error?.key == key)
  }

  @Test(arguments: formats) func `is finished once`(format: CheckpointFormat) throws {
    var writer = try writer(format)
    try writer.add(half, for: "w")
    try writer.finish()
    expectFinished(problem { try writer.finish() })
    expectFinished(problem { try writer.add(half, for: "v") }, key: "v")
    #expect(try CheckpointReader(path).entries().map(\.key) == ["w"])
  }

  @Test(arguments: slicedFormats)
  func `is finished, too, once that has failed`(format: CheckpointFormat) throws {
    do {
      var writer = try writer(format)
      #expect(problem { try writer.finish() }?.message == "a checkpoint holds one tensor at least")
      expectFinished(problem { try writer.finish() })
      expectFinished(problem { try writer.add(half, for: "v") }, key: "v")
    }
    #expect(directory.names.isEmpty)
  }

  @Test(arguments: formats, [["a", "b", "c"], ["c", "a", "b"], ["b", "a", "c"]])
  func `finds a key that comes again when it comes`(format: CheckpointFormat, keys: [String])
    throws
  {
    var writer = try writer(format)
    for key in keys {
      try writer.add(half, for: TensorKey(key))
      let error = problem { try writer.add(half, for: TensorKey(key)) }
      #expect(error?.code == .duplicateName)
      #expect(error?.key == key)
    }
    for key in keys {
      #expect(problem { try writer.add(half, for: TensorKey(key)) }?.code == .duplicateName)
    }
    try writer.finish()  // as if nothing had been tried
    #expect(try CheckpointReader(path).entries().map(\.key) == ["a", "b", "c"])
  }

  @Test(arguments: slicedFormats)
  func `finds a part that comes again, alone or with the whole`(format: CheckpointFormat)
    throws
  {
    var writer = try writer(format)
    let parts = [try TensorSlice.Part("4 0,2"), try TensorSlice.Part("4 2,2")]
    for part in parts { try writer.add(half, for: "w", part: part) }
    try writer.add(half, for: "v")
    let repeated = [
      problem { try writer.add(half, for: "w", part: parts[0]) },
      problem { try writer.add(Tensor<Float>([1, 2, 3, 4]), for: "w") },
      problem {
        try writer.add(Tensor<Float>([1, 2, 3, 4]), for: "w", part: TensorSlice.Part("4 -"))
      },
      problem { try writer.add(Tensor<Float>([1]), for: "v", part: TensorSlice.Part("2 0,1")) },
      problem { try writer.add(half, for: "v", part: TensorSlice.Part("2 -")) },
    ]
    for error in repeated {
      #expect(error?.code == .duplicateName)
      #expect(error?.message == "this key, or this part of it, was added already")
    }
    try writer.finish()
    #expect(try CheckpointReader(path).tensor(for: "w").spec == TensorSpec(.float32, [4]))
  }

  @Test func `refuses a data file that there is not`() throws {
    var bundle = try BundleWriter(prefix: directory.path("b"), shardByteCounts: [0, 0])
    var slices = try SlicesWriter(prefix: directory.path("s"), shardCount: 2)
    for shard in [-1, 2] {
      let errors = [
        problem { try bundle.add(half, for: "w", part: nil, shard: shard) },
        problem { try slices.add(half, for: "w", part: nil, shard: shard) },
      ]
      for error in errors {
        #expect(error?.code == .invalidArgument)
        #expect(error?.message == "there is no data file \(shard); they have the numbers 0 to 1")
      }
    }
  }
}
