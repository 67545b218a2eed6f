import CheckpointIO
import CheckpointStore
import CheckpointTensors
import CheckpointTestSupport
import Checkpoints
import Testing

/// Proves that savers and checkpoints restore from any reader, and save into any writer, of a program's own.
@Suite struct SeamTests {
  /// A writer that keeps what it gets.
  private struct Shelf: TensorWriter {
    var tensors: [TensorKey: AnyTensor] = [:]
    var isFinished = false

    mutating func add(
      _ tensor: some TensorStorable, for key: TensorKey, part: TensorSlice.Part?
    ) throws(CheckpointError) {
      guard part == nil else { throw CheckpointError(.unsupported, "no parts") }
      tensors[key] = try tensor.tensorSnapshot()
    }

    mutating func finish() { isFinished = true }
  }

  private final class Model: Checkpointable {
    let kernel = Variable<Float>(repeating: 0, shape: [2, 2])
    let bias = Variable<Float>(repeating: 0, shape: [2])
  }

  @Test func `a saver saves into a writer, and restores from a reader`() throws {
    let kernel = Variable<Float>(Tensor([1, 2, 3]))
    let saver = try Saver(["w": kernel])
    var shelf = Shelf()
    try saver.save(into: &shelf)
    #expect(shelf.isFinished)
    #expect(shelf.tensors.keys.sorted() == ["w"])
    kernel.value = Tensor([0, 0, 0])
    let report = try saver.restore(from: MemoryReader(tensors: shelf.tensors))
    #expect(kernel.value.array == [1, 2, 3])
    #expect(report.restored == ["w"])
    #expect(saver.lastSave == nil)
  }

  @Test func `everything is checked before a variable changes, whatever the reader`() throws {
    let (a, b) = (Variable<Float>(Tensor([1, 2])), Variable<Float>(Tensor([3])))
    let saver = try Saver(["a": a, "b": b])
    let reader = MemoryReader(tensors: ["a": AnyTensor(Tensor<Float>([7, 7]))])
    let error = #expect(throws: CheckpointError.self) { try saver.restore(from: reader) }
    #expect(error?.code == .notFound)
    #expect(a.value.array == [1, 2])
    let mapped = MemoryReader(tensors: [
      "x/a": AnyTensor(Tensor<Float>([7, 7])), "x/b": AnyTensor(Tensor<Float>([8])),
    ])
    try saver.restore(from: mapped, mapping: KeyMapping([.prefix("x/", to: "")]))
    #expect(a.value.array + b.value.array == [7, 7, 8])
  }

  /// What a writer has got of objects has their graph, so that a reader restores them by that.
  @Test func `a checkpoint saves its graph into a writer, and restores by it`() throws {
    let model = Model()
    model.kernel.value = Tensor(repeating: 5, shape: [2, 2])
    var shelf = Shelf()
    try Checkpoint(["model": model]).save(into: &shelf)
    #expect(shelf.tensors[TensorKey(ObjectGraph.key)] != nil)
    let other = Model()
    let status = try Checkpoint(["model": other]).restore(
      from: MemoryReader(tensors: shelf.tensors))
    try status.assertConsumed()
    #expect(other.kernel.value == model.kernel.value)
  }

  @Test func `a state that is listed as one string, and read as two, stays as it was`() throws {
    let state = RunState("old")
    var shelf = Shelf()
    try Checkpoint(["state": state]).save(into: &shelf)
    let key = try #require(shelf.tensors.keys.first { $0.description.hasPrefix("state/") })
    var reader = MemoryReader(tensors: shelf.tensors, promised: [key: TensorSpec(.string, .scalar)])
    reader.tensors[key] = AnyTensor(Tensor<String>(["a", "b"]))
    state.value = "new"
    let error = #expect(throws: CheckpointError.self) {
      try Checkpoint(["state": state]).restore(from: reader).expectPartial()
    }
    #expect(error?.code == .mismatch)
    #expect(error?.key == key.description)
    #expect(error?.message.hasPrefix("a state is stored as one string, not as string[2]") == true)
    #expect(state.value == "new")
  }

  @Test func `a checkpoint goes through memory by its names`() throws {
    let model = Model()
    model.bias.value = Tensor([3, 4])
    let options = SaveOptions(format: .safetensors, omitsUnsupported: true)
    var memory = SafetensorsBytes()
    try Checkpoint(["model": model], options: options).save(into: &memory)
    let reader = try CheckpointReader(bytes: memory.bytes)
    #expect(reader.format == .safetensors)
    #expect(reader.path == "memory")
    #expect(try reader.entries().contains { $0.key == "model/bias" })
    let other = Model()
    try Checkpoint(["model": other]).restore(from: reader).assertExistingObjectsMatched()
    #expect(other.bias.value.array == [3, 4])
  }

  @Test func `bytes that are no safetensors file, or a cut one, are an error`() throws {
    var memory = SafetensorsBytes()
    try memory.add(Tensor<Float>([1, 2, 3]), for: "w")
    try memory.finish()
    let finished = #expect(throws: CheckpointError.self) { try memory.finish() }
    #expect(finished?.code == .invalidArgument)
    for count in [0, 5, 8] {
      let error = #expect(throws: CheckpointError.self) {
        try CheckpointReader(bytes: Array(memory.bytes.prefix(count)))
      }
      #expect(error?.code == .unsupported)
    }
    let cut = #expect(throws: CheckpointError.self) {
      try CheckpointReader(bytes: memory.bytes.dropLast())
    }
    #expect(cut?.code == .truncated)
  }

  @Test func `what a writer throws comes through, and the variables stay`() throws {
    let parts = [Variable<Float>(Tensor([1])), Variable<Float>(Tensor([2]))]
    let saver = try Saver(["w": PartitionedVariable(parts, axis: 0)])
    var shelf = Shelf()
    let error = #expect(throws: CheckpointError.self) { try saver.save(into: &shelf) }
    #expect(error?.code == .unsupported)
    #expect(!shelf.isFinished)
  }

  /// An app's own files may lie where nobody can write.
  @Test(arguments: CheckpointFormat.allCases)
  func `reading changes no file, and leaves none behind`(format: CheckpointFormat) throws {
    let directory = try TemporaryDirectory("bundle")
    let weights = Variable<Float>(Tensor([1, 2, 3]))
    var options = SaveOptions(format: format)
    let path = try Saver(["w": weights], options: options).save(to: directory.path("m"))
    let system = InterceptingFileSystem()
    options.fileSystem = system
    let saver = try Saver(["w": weights], options: options)
    try saver.restore(from: path)
    try saver.restore(from: directory.path)
    _ = try Verification(
      of: path, fileSystem: system, follower: nil, found: { _ in }, progress: { _, _ in })
    _ = try DirectoryListing(of: directory.path, fileSystem: system).newestFirst()
    #expect(system.calls.count > 10)
    #expect(system.calls.filter(\.kind.changesFiles) == [])
  }
}
