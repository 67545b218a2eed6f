import CheckpointIO
import CheckpointSafetensors
import CheckpointStore
import CheckpointTensors
import CheckpointTestSupport
import Foundation
import Synchronization
import Testing

/// Proves that a save to a directory that stands, and a removal, touch nothing but the model's own files.
@Suite struct ModelSavingTests {
  private let directory: TemporaryDirectory
  private var model: String { directory.path("m") }

  init() throws { directory = try TemporaryDirectory("models") }

  /// Saves a model of so many files, with this value in all of its tensors.
  private func save(
    _ value: Float, files: Int, _ fileSystem: any FileSystem = LocalFileSystem()
  ) throws {
    var options = FileOptions()
    options.fileSystem = fileSystem
    let tensors = (0..<files).map { (key: TensorKey("w\($0)"), spec: TensorSpec(.float32, [4])) }
    var writer = try SafetensorsWriter(
      model, .directory(fileByteCount: 16), declaring: tensors, options: options)
    for tensor in tensors {
      try writer.add(Tensor<Float>(repeating: value, shape: [4]), for: tensor.key)
    }
    try writer.finish()
  }

  private func value() throws -> Float {
    let reader = try CheckpointReader(model)
    var values: Set<Float> = []
    for entry in try reader.entries() {
      values.formUnion(try Tensor<Float>(reader.tensor(for: entry.key)).array)
    }
    #expect(values.count == 1, "a mixture")
    return values.first ?? 0
  }

  private var names: [String] { directory.names.filter { $0.hasPrefix("m/") } }

  @Test(arguments: [(1, 1), (1, 3), (3, 3), (3, 1), (2, 3)])
  func `a save replaces the model, and leaves other files alone`(old: Int, new: Int) throws {
    try save(1, files: old)
    for name in ["config.json", "adapters.safetensors", "model.safetensors.bak"] {
      try directory.write("{}".utf8, to: "m/\(name)")
    }
    try save(2, files: new)
    #expect(try value() == 2)
    let others = ["m/adapters.safetensors", "m/config.json", "m/model.safetensors.bak"]
    #expect(Set(names).isSuperset(of: others))
    #expect(names.count == others.count + new + (max(old, new) > 1 ? 1 : 0))
  }

  @Test func `a removal takes the model's files, and the directory only if it is empty then`()
    throws
  {
    try save(1, files: 3)
    try CheckpointDirectory.Files(of: model).remove()
    #expect(directory.names == [])
    try save(1, files: 2)
    try directory.write("{}".utf8, to: "m/config.json")
    try CheckpointDirectory.Files(of: model).remove()
    #expect(directory.names == ["m", "m/config.json"])
  }

  @Test func `what an index names outside of its directory is not removed with it`() throws {
    try save(1, files: 2)
    try directory.write("mine".utf8, to: "other.safetensors")
    let index = #"{"weight_map": {"w": "../other.safetensors"}}"#
    try directory.write(index.utf8, to: "m/model.safetensors.index.json")
    try CheckpointDirectory.Files(of: model).remove()
    try save(2, files: 2)
    #expect(directory.names.contains("other.safetensors"))
    #expect(try value() == 2)
  }

  @Test func `a part that another model has too stays`() throws {
    try save(1, files: 2)
    let shared = "model-00001-of-00002.safetensors"
    let index = #"{"weight_map": {"w0": "\#(shared)"}}"#
    try directory.write(index.utf8, to: "m/mtp.safetensors.index.json")
    try save(2, files: 2)
    #expect(try value() == 2)
    let other = try CheckpointReader(model + "/mtp.safetensors.index.json")
    #expect(try Tensor<Float>(other.tensor(for: "w0")).array == [1, 1, 1, 1])
    try CheckpointDirectory.Files(of: model + "/mtp.safetensors.index.json").remove()
    #expect(try value() == 2)
    #expect(!names.contains("m/\(shared)"))
  }

  @Test func `a part that another model has too is not removed with one of them`() throws {
    try save(1, files: 2)
    let index = try directory.bytes("m/model.safetensors.index.json")
    try directory.write(index, to: "m/twin.safetensors.index.json")
    try CheckpointDirectory.Files(of: model + "/twin.safetensors.index.json").remove()
    #expect(try value() == 1)
  }

  @Test func `a directory with two models is none to save to`() throws {
    try save(1, files: 2)
    try directory.write("x".utf8, to: "m/model.safetensors")
    let error = #expect(throws: CheckpointError.self) { try save(2, files: 2) }
    #expect(error?.code == .ambiguousName)
    #expect(try CheckpointReader(model + "/model.safetensors.index.json").shardCount == 2)
  }

  // MARK: Saves that did not come to their end

  /// Saves, and fails for good at a call: as if the process had died, but for what it would clean up.
  private func die(_ value: Float, files: Int, at isFatal: @escaping @Sendable (FileCall) -> Bool) {
    let isDead = Flag()
    let system = InterceptingFileSystem { _, call throws(CheckpointError) in
      if isFatal(call) { isDead.set() }
      guard isDead.isSet, call.kind.changesFiles else { return }
      throw .system("death", errno: EIO, file: call.path)
    }
    #expect(throws: CheckpointError.self) { try save(value, files: files, system) }
  }

  @Test func `another save in the directory leaves it to the next save of the model`() throws {
    try save(1, files: 2)
    die(2, files: 3) { $0.kind == .rename && $0.path.contains("index.json") }
    #expect(names.count > 3)
    var adapters = try SafetensorsWriter(model + "/adapters.safetensors")
    try adapters.add(Tensor<Float>([1]), for: "lora")
    try adapters.finish()
    #expect(try value() == 1)
    try save(3, files: 2)
    #expect(try value() == 3)
    #expect(
      names == [
        "m/adapters.safetensors", "m/model-2-00001-of-00002.safetensors",
        "m/model-2-00002-of-00002.safetensors", "m/model.safetensors.index.json",
      ])
  }

  @Test func `what another program has written since is not removed`() throws {
    try save(1, files: 1)
    die(2, files: 2) { $0.kind == .remove && $0.path.hasSuffix("/model.safetensors") }
    #expect(try value() == 2)
    let later = Date(timeIntervalSinceNow: 60)
    try directory.write("mine".utf8, to: "m/model.safetensors")
    try FileManager.default.setAttributes(
      [.modificationDate: later], ofItemAtPath: model + "/model.safetensors")
    let error = #expect(throws: CheckpointError.self) { try save(3, files: 2) }
    #expect(error?.code == .ambiguousName)
    #expect(try directory.bytes("m/model.safetensors") == Array("mine".utf8))
  }

  /// On a network, answers get lost: the rename has happened all the same.
  @Test func `a rename that is reported as failed loses neither model`() throws {
    try save(1, files: 2)
    let system = InterceptingFileSystem(
      renameReport: { _, call throws(CheckpointError) in
        guard call.path.contains("index.json") else { return }
        throw .system("lost answer", errno: EIO, file: call.path)
      })
    let error = #expect(throws: CheckpointError.self) { try save(2, files: 2, system) }
    #expect(error?.message.contains("is saved all the same") == true)
    #expect(try value() == 2)
    try save(3, files: 2)
    #expect(try value() == 3)
    #expect(names.count == 3)
  }
}

/// Something that has happened.
private final class Flag: Sendable {
  private let state = Mutex(false)
  var isSet: Bool { state.withLock { $0 } }
  func set() { state.withLock { $0 = true } }
}
