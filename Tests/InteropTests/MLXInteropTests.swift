import CheckpointIO
import CheckpointSafetensors
import CheckpointTensors
import CheckpointTestSupport
import Checkpoints
import Foundation
import Testing

/// Proves that MLX loads the model directories that are written here, every value of them, and that it is read
/// here what MLX saves.
@Suite(.enabled(if: MLX.isInstalled))
struct MLXInteropTests {
  /// Those that MLX has too.
  static let dtypes: [DType] = [
    .bool, .uint8, .int8, .uint16, .int16, .float16, .bfloat16, .uint32, .int32, .float32,
    .complex64, .uint64, .int64,
  ]
  private static let shapes: [TensorShape] = [[], [3], [2, 5], [1, 2, 3]]

  private func tensors(seed: UInt64) throws -> [NamedTensor] {
    var random = SeededGenerator(seed: seed)
    return try Self.dtypes.flatMap { dtype in
      try Self.shapes.map { shape in
        NamedTensor(
          key: TensorKey("model.\(dtype.name).\(shape.rank)"),
          tensor: try random.tensor(dtype, shape))
      }
    }
  }

  @Test(arguments: [100, 300, 1 << 20] as [UInt64])
  func `loads every part, and saves what is read here`(fileByteCount: UInt64) throws {
    let directory = try TemporaryDirectory("mlx")
    let tensors = try tensors(seed: fileByteCount)
    var writer = try SafetensorsWriter(
      directory.path("ours"), .directory(fileByteCount: fileByteCount),
      declaring: tensors.map { ($0.key, $0.tensor.spec) }, metadata: ["format": "pt"])
    for tensor in tensors { try writer.add(tensor.tensor, for: tensor.key) }
    try writer.finish()
    #expect(writer.files.count > 1 || fileByteCount == 1 << 20)
    try MLX.copy(directory.path("ours"), to: directory.path("theirs.safetensors"))
    let reader = try CheckpointReader(directory.path("theirs.safetensors"))
    #expect(reader.metadata == ["format": "mlx"])
    let sorted = tensors.sorted { $0.key < $1.key }
    #expect(try reader.entries().map(\.key) == sorted.map(\.key))
    for tensor in sorted {
      #expect(try reader.tensor(for: tensor.key) == tensor.tensor, "\(tensor.key)")
    }
  }
}

/// Proves what TensorFlow makes of a manager's directory with safetensors files.
@Suite(.enabled(if: TensorFlow.isInstalled))
struct SafetensorsManagerInteropTests {
  /// It returns the path, and does not know the format.
  @Test(arguments: [CheckpointFormat.safetensors, .modelDirectory])
  func `TensorFlow finds the newest in the state file, and cannot read it`(format: CheckpointFormat)
    throws
  {
    let directory = try TemporaryDirectory("tf-models")
    let weights = Variable<Float>(Tensor([1, 2]))
    let options = SaveOptions(format: format, omitsUnsupported: true)
    let manager = try CheckpointManager(
      Checkpoint(["w": weights], options: options), directory: directory.path,
      retention: .latest(2))
    for _ in 0..<3 { try manager.save() }
    let latest = try TensorFlow.shared.ask(["cmd": "latest", "directory": directory.path])
    let ending = format == .safetensors ? ".safetensors" : ""
    #expect(latest["prefix"] as? String == directory.path("ckpt-3\(ending)"))
    #expect(try CheckpointDirectory(directory.path).latest() == directory.path("ckpt-3\(ending)"))
    #expect(throws: TensorFlow.Failure.self) {
      try TensorFlow.shared.dump(directory.path("ckpt-3\(ending)"))
    }
  }
}

/// Apple's array framework, in Python: it is looked for with the same Python as TensorFlow.
private enum MLX {
  static let isInstalled = (try? run("import mlx.core", [])) == 0

  /// Lets it load all files of a model, and save them as one.
  static func copy(_ directory: String, to file: String) throws {
    #expect(try run(script, [directory, file]) == 0)
  }

  private static let script = """
    import json, os, sys
    import mlx.core as mx
    source, target = sys.argv[1:]
    index = source + "/model.safetensors.index.json"
    if os.path.exists(index):
        index = json.load(open(index))
        files = {name: mx.load(f"{source}/{name}") for name in index["weight_map"].values()}
        assert all(key in files[name] for key, name in index["weight_map"].items())
        assert sum(map(len, files.values())) == len(index["weight_map"])
        size = sum(array.nbytes for arrays in files.values() for array in arrays.values())
        assert size == index["metadata"]["total_size"]
    else:
        files = {"": mx.load(source + "/model.safetensors")}
    arrays = {key: array for arrays in files.values() for key, array in arrays.items()}
    mx.save_safetensors(target, arrays, metadata={"format": "mlx"})
    """

  private static func run(_ script: String, _ arguments: [String]) throws -> Int32 {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = [TensorFlow.python, "-B", "-c", script] + arguments
    try process.run()
    process.waitUntilExit()
    return process.terminationStatus
  }
}
