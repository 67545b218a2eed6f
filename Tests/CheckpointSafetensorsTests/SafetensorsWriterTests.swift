import CheckpointIO
import CheckpointSafetensors
import CheckpointTensors
import CheckpointTestSupport
import Testing

/// Proves what a writer refuses, and that a failed save changes nothing.
@Suite struct SafetensorsWriterTests {
  private let directory: TemporaryDirectory
  private var path: String { directory.path("f") }

  init() throws { directory = try TemporaryDirectory("safetensors") }

  private func problem(_ body: (inout SafetensorsWriter) throws -> Void) throws -> String? {
    var writer = try SafetensorsWriter(path)
    let error = #expect(throws: CheckpointError.self) { try body(&writer) }
    return error.map { "\($0)".replacing(path, with: "f") }
  }

  static let refused: [DType] = [
    .qint8, .quint8, .qint16, .quint16, .qint32, .complex128, .float8E4M3B11FNUZ, .int4, .uint4,
    .int2, .uint2, .float4E2M1FN, .string, .variant,
  ]

  @Test(arguments: refused)
  func `refuses dtypes that the format does not have`(dtype: DType) throws {
    let contents: TensorContents =
      if let width = dtype.byteWidth {
        .bytes(TensorStorage(uninitializedByteCount: width))
      } else {
        .strings([[]])
      }
    let tensor = try AnyTensor(TensorSpec(dtype, [1]), contents)
    #expect(
      try problem { try $0.add(tensor, for: "w") }
        == "f: key 'w': safetensors files do not have tensors of \(dtype.name), V2 checkpoints do "
        + "(unsupported)")
  }

  @Test func `refuses parts, but not one that is everything`() throws {
    let tensor = Tensor<Float>([1, 2])
    #expect(
      try problem { try $0.add(tensor, for: "w", part: TensorSlice.Part("4 0,2")) }
        == "f: key 'w': safetensors files do not have tensors in parts; add the whole tensor "
        + "(unsupported)")
    var writer = try SafetensorsWriter(path)
    try writer.add(tensor, for: "w", part: TensorSlice.Part("2 -"))
    try writer.finish()
    #expect(try Tensor<Float>(SafetensorsReader(path).tensor(for: "w")) == tensor)
  }

  @Test func `refuses names that a file cannot have`() throws {
    let tensor = Tensor<Float>([1, 2])
    #expect(
      try problem { try $0.add(tensor, for: "__metadata__") }
        == "f: key '__metadata__': no tensor in a safetensors file has this name (invalidArgument)")
    #expect(
      try problem { try $0.add(tensor, for: TensorKey(bytes: [0xFF])) }
        == "f: key '\\xff': names in safetensors files are UTF-8; this one is not (unsupported)")
    let repeated = try problem {
      try $0.add(tensor, for: "w")
      try $0.add(tensor, for: "w")
    }
    #expect(repeated == "f: key 'w': this name was added twice (duplicateName)")
  }

  /// The library of Python writes such a file, and reads it.
  @Test func `a name may be empty`() throws {
    var writer = try SafetensorsWriter(path)
    try writer.add(Tensor<UInt8>([0, 1, 2]), for: "")
    try writer.finish()
    #expect(try Tensor<UInt8>(SafetensorsReader(path).tensor(for: "")).array == [0, 1, 2])
  }

  @Test func `keeps the values as they were when they were added`() throws {
    var tensor = Tensor<Float>([1, 2])
    var writer = try SafetensorsWriter(path)
    try writer.add(tensor, for: "w")
    tensor[0] = 7
    try writer.finish()
    #expect(try Tensor<Float>(SafetensorsReader(path).tensor(for: "w")).array == [1, 2])
  }

  // MARK: Declared tensors

  @Test func `refuses tensors that were declared otherwise, and misses those that are not added`()
    throws
  {
    let specs: [(key: TensorKey, spec: TensorSpec)] = [
      ("b", TensorSpec(.float32, [2])), ("a", TensorSpec(.int8, [])),
    ]
    var writer = try SafetensorsWriter(path, declaring: specs)
    for (key, tensor, text) in [
      ("c", Tensor<Float>([1, 2]), "this tensor was not declared"),
      ("b", Tensor<Float>([1]), "the tensor is float32[1], declared was F32[2]"),
      ("a", Tensor<Float>(1), "the tensor is float32[], declared was I8[]"),
    ] as [(TensorKey, Tensor<Float>, String)] {
      let error = #expect(throws: CheckpointError.self) { try writer.add(tensor, for: key) }
      #expect(error?.code == .mismatch)
      #expect(error?.message == text)
    }
    try writer.add(Tensor<Float>([1, 2]), for: "b")
    let error = #expect(throws: CheckpointError.self) { try writer.finish() }
    #expect(error?.code == .invalidArgument)
    #expect(error?.message == "1 declared tensors were not added, the first is 'a'")
  }

  @Test func `refuses declarations that cannot be written`() throws {
    var error = #expect(throws: CheckpointError.self) {
      try SafetensorsWriter(path, declaring: [(TensorKey("s"), TensorSpec(.string, [2]))])
    }
    #expect(error?.code == .unsupported)
    let spec = TensorSpec(.int8, [])
    error = #expect(throws: CheckpointError.self) {
      try SafetensorsWriter(path, declaring: [(TensorKey("s"), spec), (TensorKey("s"), spec)])
    }
    #expect(error?.code == .duplicateName)
    let huge = TensorSpec(.float64, [1 << 60])
    error = #expect(throws: CheckpointError.self) {
      try SafetensorsWriter(path, declaring: [(TensorKey("s"), huge), (TensorKey("t"), huge)])
    }
    #expect(error?.code == .limitExceeded)
    #expect(directory.names.isEmpty)
  }

  // MARK: Failing

  @Test func `refuses to save where somebody else is saving`() throws {
    let first = try SafetensorsWriter(path)
    let error = #expect(throws: CheckpointError.self) { try SafetensorsWriter(path) }
    #expect(error?.code == .busy)
    _ = first
  }

  @Test func `leaves nothing behind when it is let go`() throws {
    do {
      var writer = try SafetensorsWriter(path, declaring: [(TensorKey("a"), TensorSpec(.int8, []))])
      try writer.add(Tensor<Int8>(1), for: "a")
    }
    #expect(directory.names.isEmpty)
  }

  @Test func `leaves the old file when a call fails, whichever it is`() throws {
    var old = try SafetensorsWriter(path)
    try old.add(Tensor<Float>([1, 2]), for: "w")
    try old.finish()
    var (number, hasEnded) = (0, false)
    while !hasEnded {
      let system = InterceptingFileSystem.failing(at: number, errno: 5)
      do {
        try overwrite(system)
        hasEnded = system.calls.count <= number
      } catch let error as CheckpointError {
        #expect(error.code == .io, "call \(number)")
        #expect(directory.names.filter { !$0.hasSuffix("-lock") } == ["f"], "call \(number)")
      }
      // A failure after the rename leaves the new file.
      let values = try Tensor<Float>(SafetensorsReader(path).tensor(for: "w")).array
      #expect([[1, 2], [3, 4, 5]].contains(values), "call \(number)")
      number += 1
    }
    #expect(number > 6)
    #expect(directory.names == ["f"])
  }

  private func overwrite(_ fileSystem: InterceptingFileSystem) throws {
    var options = FileOptions()
    options.fileSystem = fileSystem
    var writer = try SafetensorsWriter(path, options: options)
    try writer.add(Tensor<Float>([3, 4, 5]), for: "w")
    try writer.finish()
  }
}
