import CheckpointIO
import CheckpointSafetensors
import CheckpointTensors
import CheckpointTestSupport
import Testing

/// Proves that safetensors files are read and written as every format has to be.
@Suite struct SafetensorsConformanceTests {
  private static let dtypes: [DType] = [
    .float32, .bool, .uint8, .int8, .float8E5M2, .float8E4M3FN, .float8E4M3FNUZ, .float8E5M2FNUZ,
    .int16, .uint16, .float16, .bfloat16, .int32, .uint32, .complex64, .float64, .int64, .uint64,
  ]

  private static let subjects: [String: WriterSubject] = [
    "kept": WriterSubject(takesParts: false, takesEmptyKeys: true) {
      path, _ throws(CheckpointError) in
      try SafetensorsWriter(path, metadata: ["format": "pt"])
    } open: { path throws(CheckpointError) in
      try SafetensorsReader(path)
    },
    "declared": WriterSubject(takesParts: false, takesEmptyKeys: true) {
      path, model throws(CheckpointError) in
      let tensors = model.tensors.map { (key: $0.key, spec: $0.value.spec) }
      return try SafetensorsWriter(path, declaring: tensors)
    } open: { path throws(CheckpointError) in
      try SafetensorsReader(path)
    },
    "model": WriterSubject(takesParts: false, takesEmptyKeys: true) {
      path, _ throws(CheckpointError) in
      try SafetensorsWriter(path, .directory(fileByteCount: 200))
    } open: { path throws(CheckpointError) in
      try model(path)
    },
    "declared model": WriterSubject(takesParts: false, takesEmptyKeys: true) {
      path, model throws(CheckpointError) in
      let tensors = model.tensors.map { (key: $0.key, spec: $0.value.spec) }
      return try SafetensorsWriter(path, .directory(fileByteCount: 1 << 20), declaring: tensors)
    } open: { path throws(CheckpointError) in
      try model(path)
    },
  ]

  private static func model(_ directory: String) throws(CheckpointError) -> SafetensorsReader {
    let index = directory + "/model.safetensors.index.json"
    let isThere = try LocalFileSystem().status(of: index) != nil
    return try SafetensorsReader(isThere ? index : directory + "/model.safetensors")
  }

  @Test(arguments: ["kept", "declared", "model", "declared model"])
  func `the writer keeps its promises`(subject: String) throws {
    let model = TensorModel.sample(Self.dtypes)
    let subject = try #require(Self.subjects[subject])
    #expect(try checkTensorWriter(subject, of: model) == [])
  }

  @Test(arguments: 1..<4 as Range<UInt64>)
  func `files are read as they are promised`(seed: UInt64) throws {
    let directory = try TemporaryDirectory()
    let model = TensorModel.sample(Self.dtypes, seed: seed)
    var writer = try SafetensorsWriter(directory.path("m"))
    for (key, tensor) in model.tensors { try writer.add(tensor, for: key) }
    try writer.finish()
    let reader = try SafetensorsReader(directory.path("m"))
    #expect(checkTensorReader(reader, against: model, seed: seed) == [])
  }
}
