import CheckpointPlans
import CheckpointGraph
import CheckpointBundle
import CheckpointIO
import CheckpointTensors
import CheckpointTestSupport
import Checkpoints
import Foundation
import Testing

/// What a saver restores, and what it says of the rest.
@Suite struct SaverRestoreTests {
  private let directory: TemporaryDirectory
  private let path: String

  /// Saves `dense/kernel`, 2 by 3; `dense/bias`, 3; and `step`.
  init() throws {
    directory = try TemporaryDirectory()
    path = directory.path("m")
    let kernel = Variable(Tensor<Float>(shape: [2, 3], scalars: [1, 2, 3, 4, 5, 6]))
    try Saver([
      "dense/kernel": kernel, "dense/bias": Variable<Float>([7, 8, 9]), "step": Variable<Int64>(5),
    ]).save(to: path)
  }

  private func problem(_ saver: Saver, _ options: RestoreOptions = RestoreOptions()) -> String? {
    do throws(CheckpointError) {
      try saver.restore(from: path, options: options)
      return nil
    } catch {
      return error.description
    }
  }

  @Test func `restores what it saved, and says so`() throws {
    let kernel = Variable<Float>(repeating: 0, shape: [2, 3])
    let step = Variable<Int64>(0)
    let report = try Saver(["step": step, "dense/kernel": kernel]).restore(from: path)
    #expect(kernel.value.array == [1, 2, 3, 4, 5, 6])
    #expect(step.value.array == [5])
    #expect(report.restored == ["dense/kernel", "step"])
    #expect(report.isComplete && report.missing.isEmpty && report.mismatched.isEmpty)
    #expect(try report.unused() == ["dense/bias"])
    #expect(report.path == path)
    #expect(report.description == "\(path): 2 restored")
  }

  // TensorFlow names the first missing one only, and has overwritten others by then.
  @Test func `Saver rows 77, 81, 82: reports all problems at once, and changes nothing`() throws {
    let step = Variable<Int64>(0)
    let saver = try Saver([
      "dense/kernel": Variable<Float>(repeating: 0, shape: [3, 2]),
      "dense/bias": Variable<Double>([0, 0, 0]),
      "dense_1/bais": Variable<Float>([0]),
      "step": step,
      "zzz": Variable<Float>(0),
    ])
    #expect(
      problem(saver) == """
        \(path): 4 of 5 variables cannot be restored; nothing has been changed (several)
          - key 'dense/bias': the checkpoint has float32[3], the variable is float64[3]; dtypes \
        are not converted silently (mismatch)
          - key 'dense/kernel': the checkpoint has shape [2, 3], the variable [3, 2]; \
        allowsReshape takes it, element by element (mismatch)
          - key 'dense_1/bais': the checkpoint has no such tensor, float32[1] is wanted (notFound)
          - key 'zzz': the checkpoint has no such tensor, float32[] is wanted (notFound)
        """)
    #expect(step.value.array == [0])
  }

  @Test func `Saver row 77: names the nearest key`() throws {
    let saver = try Saver(["dense/kernal": Variable<Float>(repeating: 0, shape: [2, 3])])
    let error = try #require(problem(saver))
    #expect(error.contains("; nearest"), "\(error)")
    #expect(error.contains("'dense/kernel'"), "\(error)")
  }

  @Test func `Saver row 81: refuses another dtype`() throws {
    #expect(
      problem(try Saver(["step": Variable<Int32>(0)]), RestoreOptions(allowsReshape: true))
        == "\(path): key 'step': the checkpoint has int64[], the variable is int32[]; dtypes are "
        + "not converted silently (mismatch)")
  }

  @Test func `refuses a dtype of the same width`() throws {
    let step = Variable<Double>(3)
    let error = problem(try Saver(["step": step]), RestoreOptions(allowsReshape: true))
    #expect(error?.contains("the checkpoint has int64[], the variable is float64[]") == true)
    #expect(step.value[] == 3)
  }

  @Test func `Saver rows 36, 82: refuses another shape, or reshapes if told so`() throws {
    let kernel = Variable<Float>(repeating: 0, shape: [6])
    let saver = try Saver(["dense/kernel": kernel])
    #expect(
      problem(saver)
        == "\(path): key 'dense/kernel': the checkpoint has shape [2, 3], the variable [6]; "
        + "allowsReshape takes it, element by element (mismatch)")
    for placement in [.transactional, .replacing, .inPlace, .mapped()] as [RestoreOptions.Placement]
    {
      kernel.value = Tensor(repeating: 0, shape: [6])
      #expect(problem(saver, RestoreOptions(placement: placement, allowsReshape: true)) == nil)
      #expect(kernel.value.array == [1, 2, 3, 4, 5, 6])
      #expect(kernel.shape == [6])
    }
    let other = try Saver(["dense/kernel": Variable<Float>(repeating: 0, shape: [5])])
    #expect(
      problem(other, RestoreOptions(allowsReshape: true))
        == "\(path): key 'dense/kernel': the checkpoint has shape [2, 3], the variable [5] "
        + "(mismatch)")
  }

  @Test func `restores what is there if told to be content with a part`() throws {
    let (bias, other) = (Variable<Float>([0, 0, 0]), Variable<Float>([3]))
    let saver = try Saver(["dense/bias": bias, "other": other])
    let report = try saver.restore(from: path, options: RestoreOptions(.partial))
    #expect(bias.value.array == [7, 8, 9] && other.value.array == [3])
    #expect(report.restored == ["dense/bias"] && report.missing == ["other"])
    #expect(!report.isComplete)
    #expect(report.description == "\(path): 1 restored\n  missing in the checkpoint: 'other'")
    let wrong = try Saver(["dense/bias": Variable<Float>([0])])
    #expect(problem(wrong, RestoreOptions(.partial))?.hasSuffix("(mismatch)") == true)
  }

  @Test func `restores what fits if told to`() throws {
    let (bias, step) = (Variable<Float>([0]), Variable<Int64>(0))
    let saver = try Saver(["dense/bias": bias, "step": step, "other": Variable<Float>(0)])
    let report = try saver.restore(from: path, options: RestoreOptions(.matching))
    #expect(bias.value.array == [0] && step.value.array == [5])
    #expect(report.mismatched == ["dense/bias"] && report.missing == ["other"])
    #expect(
      report.description
        == "\(path): 1 restored\n  missing in the checkpoint: 'other'\n  not fitting: 'dense/bias'")
  }

  @Test func `never takes damage for absence`() throws {
    var bytes = try directory.bytes("m.index")
    bytes[20] ^= 1
    try directory.write(bytes, to: "m.index")
    let saver = try Saver(["other": Variable<Float>(0)])
    #expect(problem(saver, RestoreOptions(.partial))?.hasSuffix("(corrupt)") == true)
    #expect(problem(saver, RestoreOptions(.matching))?.hasSuffix("(corrupt)") == true)
  }

  // MARK: Values of other types

  @Test func `saves and restores a dtype that Swift has no type for`() throws {
    let spec = TensorSpec(.float8E4M3FN, [4])
    let bytes: [UInt8] = [0x38, 0x7F, 0x80, 1]
    let none: [UInt8] = [0, 0, 0, 0]
    let box = TensorBox(try AnyTensor(spec, bytes: unsafe bytes.span.bytes), name: "f8")
    try Saver([box]).save(to: path)
    for placement in [.transactional, .replacing, .inPlace, .mapped()] as [RestoreOptions.Placement]
    {
      box.value = try AnyTensor(spec, bytes: unsafe none.span.bytes)
      try Saver([box]).restore(from: path, options: RestoreOptions(placement: placement))
      #expect(box.value.plainBytes == bytes)
    }
  }

  @Test func `saves and restores strings`() throws {
    let words = Variable<String>(["", "a", "日本語"], name: "words")
    try Saver([words]).save(to: path)
    for placement in [.transactional, .replacing, .inPlace, .mapped()] as [RestoreOptions.Placement]
    {
      words.value = Tensor(["x", "y", "z"])
      try Saver([words]).restore(from: path, options: RestoreOptions(placement: placement))
      #expect(words.value.array == ["", "a", "日本語"])
    }
  }

  /// An image of another library: a value.
  private struct Image: TensorStorable {
    var pixels: [UInt8]
    var tensorSpec: TensorSpec { TensorSpec(.uint8, [pixels.count]) }

    func withTensorBytes<Result>(_ body: (RawSpan) throws(CheckpointError) -> Result)
      throws(CheckpointError) -> Result
    {
      unsafe try body(pixels.span.bytes)
    }

    mutating func setTensor(_ tensor: AnyTensor) throws(CheckpointError) {
      pixels = try Tensor<UInt8>(tensor).array
    }
  }

  /// A buffer of another library: an object, which fills its own memory.
  private final class Buffer: TensorVariable {
    var storage = [UInt8](repeating: 1, count: 5)
    var fillCount = 0
    var tensorSpec: TensorSpec { TensorSpec(.uint8, [5]) }

    func withTensorBytes<Result>(_ body: (RawSpan) throws(CheckpointError) -> Result)
      throws(CheckpointError) -> Result
    {
      let bytes = storage
      return unsafe try body(bytes.span.bytes)
    }

    func setTensor(_ tensor: AnyTensor) throws(CheckpointError) {
      storage = try Tensor<UInt8>(tensor).array
    }

    func fillTensorBytes(_ fill: (inout MutableRawSpan) throws(CheckpointError) -> Void)
      throws(CheckpointError) -> Bool
    {
      var filled = storage
      var span = filled.mutableSpan
      var bytes = unsafe span.mutableBytes
      try fill(&bytes)
      storage = filled
      fillCount += 1
      return true
    }
  }

  @Test func `saves and restores types of other libraries`() throws {
    let (image, buffer) = (TensorBox(Image(pixels: [1, 2, 3])), Buffer())
    let saver = try Saver(["image": image, "buffer": buffer])
    try saver.save(to: path)
    for placement in [.transactional, .replacing, .inPlace, .mapped()] as [RestoreOptions.Placement]
    {
      image.value.pixels = [0, 0, 0]
      buffer.storage = [9, 9, 9, 9, 9]
      try saver.restore(from: path, options: RestoreOptions(placement: placement))
      #expect(image.value.pixels == [1, 2, 3])
      #expect(buffer.storage == [1, 1, 1, 1, 1])
    }
    #expect(buffer.fillCount == 1)
  }

  @Test func `leaves copies of a tensor alone when it fills its memory`() throws {
    let bias = Variable<Float>([0, 0, 0], name: "dense/bias")
    let copy = bias.value
    try Saver([bias]).restore(from: path, options: RestoreOptions(placement: .inPlace))
    #expect(copy.array == [0, 0, 0])
    #expect(bias.value.array == [7, 8, 9])
  }

  @Test func `refuses a variable whose bytes are not those of its shape`() throws {
    final class Liar: TensorVariable {
      var tensorSpec: TensorSpec { TensorSpec(.float32, [5]) }
      func withTensorBytes<Result>(_ body: (RawSpan) throws(CheckpointError) -> Result)
        throws(CheckpointError) -> Result
      {
        let bytes = [UInt8](repeating: 0, count: 19)
        return unsafe try body(bytes.span.bytes)
      }
      func setTensor(_ tensor: AnyTensor) throws(CheckpointError) {}
    }
    let error = #expect(throws: CheckpointError.self) {
      try Saver(["w": Liar()]).save(to: directory.path("liar"))
    }
    #expect(
      error?.description
        == "\(directory.path("liar")): key 'w': a tensor float32[5] takes 20 bytes, the variable "
        + "has 19 (mismatch)")
    #expect(!directory.names.contains { $0.hasPrefix("liar") })
  }
}

/// What a save asks of the file system, call by call.
@Suite struct SaveOrderTests {
  private func calls(_ durability: SaveOptions.Durability, in system: MemoryFileSystem) throws
    -> [String]
  {
    let intercepting = InterceptingFileSystem(system)
    let scenario = SaveScenario(testDescription: "", keepsState: true)
    try scenario.save(in: intercepting, durability: durability)
    return intercepting.calls.filter { $0.kind.changesFiles && $0.kind != .reserve }
      .map { $0.description.replacing("swift-checkpoints-", with: "") }
  }

  @Test func `saves in an order that survives a power cut`() throws {
    let system = MemoryFileSystem()
    let state = [
      "lock checkpoint.lock", "setNote checkpoint.lock", "syncNote checkpoint.lock",
      "syncDirectory run", "create checkpoint.tmp", "write checkpoint.tmp",
      "sync checkpoint.tmp", "close checkpoint.tmp", "rename checkpoint", "syncDirectory run",
      "removeLock checkpoint.lock",
    ]
    func data(_ name: String) -> [String] {
      [
        "lock m-2.lock", "setNote m-2.lock", "syncNote m-2.lock", "syncDirectory run",
        "create \(name).tmp", "write \(name).tmp", "sync \(name).tmp", "close \(name).tmp",
        "rename \(name)", "syncDirectory run",
      ]
    }
    let index = [
      "create m-2.index.tmp", "write m-2.index.tmp", "write m-2.index.tmp", "write m-2.index.tmp",
      "write m-2.index.tmp", "sync m-2.index.tmp", "close m-2.index.tmp", "rename m-2.index",
      "syncDirectory run",
    ]
    func compact(_ calls: [String]) -> [String] {
      calls.reduce(into: []) { if $0.last != $1 { $0.append($1) } }
    }
    #expect(
      try compact(calls(.full, in: system))
        == compact(data("m-2.data-00000-of-00001") + index + ["removeLock m-2.lock"] + state))
    #expect(
      try compact(calls(.full, in: system))
        == compact(
          data("m-2.data-00000-of-00002") + index + [
            "remove m-2.data-00000-of-00001", "syncDirectory run", "removeLock m-2.lock",
          ] + state))
  }

  @Test func `waits for no disk if told not to`() throws {
    let calls = try calls(.none, in: MemoryFileSystem())
    #expect(!calls.contains { $0.hasPrefix("sync") })
    #expect(calls.count { $0.hasPrefix("rename") } == 3)
  }
}
