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

  @Test(arguments: [["a", "a"], ["a", "b", "b"], ["b", "a", "b"], ["c", "b", "b", "a"]])
  func `finds in the end what comes twice, if all keys were said to be known`(keys: [String]) throws
  {
    var old = try BundleWriter(prefix: path)
    try old.add(half, for: "w")
    try old.finish()
    try expectRefused("\(keys.contains("c") ? "b" : keys[keys.count - 1])") { writer in
      for key in keys { try writer.add(half, for: TensorKey(key)) }
    }
    try expectRefused("v") { writer in
      try writer.add(half, for: "v")
      try writer.add(Tensor<Float>([1]), for: "v", part: TensorSlice.Part("2 0,1"))
    }
    try expectRefused("v") { writer in
      for _ in 0..<2 { try writer.add(half, for: "v", part: TensorSlice.Part("4 0,2")) }
    }
    #expect(try CheckpointReader(path).entries().map(\.key) == ["w"])
    #expect(directory.names.count == 2)
  }

  private func expectRefused(_ key: String, _ add: (inout BundleWriter) throws -> Void) throws {
    var writer = try BundleWriter(prefix: path)
    writer.expect(4)
    try add(&writer)
    let error = problem { try writer.finish() }
    #expect(error?.code == .duplicateName)
    #expect(error?.key == key)
    #expect(error?.file == path)
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

  // MARK: Variables that are not what they say

  /// A variable that says one thing and has another.
  private struct Liar: TensorStorable {
    let tensorSpec: TensorSpec
    let values: AnyTensor

    func withTensorBytes<Result>(_ body: (RawSpan) throws(CheckpointError) -> Result)
      throws(CheckpointError) -> Result
    { try values.withTensorBytes(body) }

    func tensorSnapshot() -> AnyTensor { values }

    mutating func setTensor(_ tensor: AnyTensor) {}
  }

  @Test(arguments: formats)
  func `takes no values of another shape than the variable says`(format: CheckpointFormat) throws {
    let liar = Liar(
      tensorSpec: TensorSpec(.float32, [3]), values: AnyTensor(Tensor<Float>([1, 2])))
    do {
      var writer = try writer(format)
      let error = problem { try writer.add(liar, for: "w") }
      #expect(error?.code == .mismatch && error?.key == "w")
      #expect(error?.message.contains("float32[3]") == true)
    }
    #expect(directory.names.isEmpty)
  }

  @Test func `takes no numbers for texts`() throws {
    let liar = Liar(
      tensorSpec: TensorSpec(.string, [2]), values: AnyTensor(Tensor<Float>([1, 2])))
    for format in [CheckpointFormat.v1, .v2] {
      var writer = try writer(format)
      let error = problem { try writer.add(liar, for: "w") }
      #expect(error?.code == .mismatch)
      #expect(error?.message.contains("its values are float32[2]") == true)
    }
  }

  @Test func `takes no values of another size for a declared tensor`() throws {
    let liar = Liar(
      tensorSpec: TensorSpec(.float32, [3]), values: AnyTensor(Tensor<Float>([1, 2])))
    let declared = [(key: TensorKey("w"), spec: liar.tensorSpec)]
    var writer = try SafetensorsWriter(path, declaring: declared)
    let error = problem { try writer.add(liar, for: "w") }
    #expect(error?.code == .mismatch)
    #expect(error?.message == "a tensor float32[3] takes 12 bytes, the variable has 8")
  }

  private func add(
    _ byteCount: Int, _ spec: TensorSpec, for key: TensorKey = "w",
    to writer: inout some TensorPieceWriter
  ) throws {
    let bytes = [UInt8](repeating: 0, count: byteCount)
    try writer.add(spec, for: key) { piece throws(CheckpointError) in
      try piece(unsafe bytes.span.bytes)
    }
  }

  @Test func `takes a tensor in pieces with all its bytes, and no more`() throws {
    let (two, three) = (TensorSpec(.float32, [2]), TensorSpec(.float32, [3]))
    var bundle = try BundleWriter(prefix: directory.path("b"))
    #expect(problem { try add(8, two, for: "", to: &bundle) }?.message == "a tensor needs a name")
    #expect(
      problem { try add(8, three, to: &bundle) }?.message == "8 bytes came of a tensor float32[3]")
    try add(8, two, to: &bundle)
    #expect(problem { try add(8, two, to: &bundle) }?.code == .duplicateName)
    try bundle.finish()
    let late = problem { try add(8, two, for: "v", to: &bundle) }
    #expect(late?.message.hasPrefix("this writer is finished") == true)

    var undeclared = try SafetensorsWriter(directory.path("u"))
    let unknown = problem { try add(8, two, to: &undeclared) }
    #expect(unknown?.message == "a tensor in pieces has to be declared" && unknown?.key == "w")

    var file = try SafetensorsWriter(path, declaring: [(TensorKey("w"), two)])
    #expect(
      problem { try add(12, two, to: &file) }?.message
        == "the pieces are larger than a tensor float32[2]")
    #expect(
      problem { try add(4, two, to: &file) }?.message == "4 bytes came of a tensor float32[2]")
    try add(8, two, to: &file)
    #expect(problem { try add(8, two, to: &file) }?.message == "this name was added twice")
    try file.finish()
    expectFinished(problem { try add(8, two, to: &file) }, key: "w")
  }

  @Test func `a file in memory is put together once, of tensors that are what they say`() throws {
    var encoder = SafetensorsEncoder(metadata: [:])
    try encoder.add(half, for: "w", part: nil)
    #expect(problem { try encoder.add(half, for: "w", part: nil) }?.code == .duplicateName)
    let liar = Liar(tensorSpec: TensorSpec(.float32, [3]), values: AnyTensor(half))
    let error = problem { try encoder.add(liar, for: "v", part: nil) }
    #expect(error?.code == .mismatch && error?.key == "v")
    #expect(error?.message == "the variable is float32[3], its values are float32[2]")
    _ = try encoder.finish()
    for attempt in [
      { try encoder.add(half, for: "u", part: nil) }, { _ = try encoder.finish() },
    ] as [() throws -> Void] {
      #expect(problem(attempt)?.message.hasPrefix("this writer is finished") == true)
    }
  }

  @Test(arguments: [0, -1, 100_000])
  func `refuses numbers of files that have no names`(count: Int) {
    let error = problem { _ = try SlicesWriter(prefix: path, shardCount: count) }
    #expect(error?.code == .invalidArgument && error?.file == path)
    #expect(error?.message.hasPrefix("\(count) shards; 1 to ") == true)
  }

  @Test(arguments: slicedFormats)
  func `finds parts that overlap when all are there`(format: CheckpointFormat) throws {
    do {
      var writer = try writer(format)
      for part in ["4 0,2", "4 1,2"] {
        try writer.add(half, for: "w", part: TensorSlice.Part(part))
      }
      let error = problem { try writer.finish() }
      #expect(error?.code == .mismatch && error?.key == "w")
      #expect(error?.message == "the slices 0,2 and 1,2 overlap")
    }
    #expect(directory.names.isEmpty)
  }

  // MARK: Model directories

  private func model() throws -> SafetensorsWriter {
    try SafetensorsWriter(path, .directory(fileByteCount: .max))
  }

  @Test func `a model does not take the place of a file`() throws {
    try directory.write([1], to: "m")
    let error = problem { _ = try model() }
    #expect(error?.code == .pathConflict && error?.file == path)
    #expect(error?.message.contains("has the name of the model's directory") == true)
    #expect(directory.names == ["m"])
  }

  @Test func `a model does not mix with one that came meanwhile`() throws {
    var writer = try model()
    try writer.add(half, for: "w")
    try LocalFileSystem().createDirectory(path)
    let error = problem { try writer.finish() }
    #expect(error?.code == .busy)
    #expect(error?.message.hasPrefix("somebody else has saved a model here") == true)
  }

  @Test func `a model is not put together in somebody's directory`() throws {
    let temporary = TemporaryName.temporary(for: path)
    try LocalFileSystem().createDirectory(temporary)
    do {
      var writer = try model()
      try writer.add(half, for: "w")
      let error = problem { try writer.finish() }
      #expect(error?.code == .pathConflict && error?.file == temporary)
    }
    #expect(directory.names == [Path(temporary).name])
  }

  @Test func `a model does not take the place of one of two, nor of what is no file`() throws {
    try LocalFileSystem().createDirectory(path)
    for name in ["model-00001-of-00001.safetensors", "model.safetensors"] {
      try directory.write([1], to: "m/\(name)")
    }
    let two = problem { _ = try model() }
    #expect(two?.code == .ambiguousName && two?.file == path)
    #expect(two?.message.hasPrefix("this directory has two models, ") == true)
    let file = "\(path)/model.safetensors"
    try LocalFileSystem().removeFile(file)
    try LocalFileSystem().createDirectory(file)
    let other = problem { _ = try model() }
    #expect(other?.code == .pathConflict && other?.file == file)
    #expect(other?.message.hasPrefix("a directory has the name of a file of the model") == true)
  }
}
