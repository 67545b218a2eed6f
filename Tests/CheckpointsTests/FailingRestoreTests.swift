import CheckpointPlans
import CheckpointGraph
import CheckpointBundle
import CheckpointIO
import CheckpointTensors
import CheckpointTestSupport
import Checkpoints
import Foundation
import Testing

/// Proves what has changed, and what is said to have changed, when a restore cannot read on.
@Suite struct FailingRestoreTests {
  static let names = ["a", "b", "c"]
  static let placements: [RestoreOptions.Placement] = [.transactional, .replacing, .inPlace]

  private func variables(_ value: Float) -> [Variable<Float>] {
    Self.names.map { Variable(repeating: value, shape: [70_000], name: $0) }
  }

  private func saved() throws -> MemoryFileSystem {
    let system = MemoryFileSystem()
    try saver(variables(2), system).save(to: "/run/m")
    return system
  }

  private func saver(_ variables: [Variable<Float>], _ system: any FileSystem) throws -> Saver {
    var options = SaveOptions()
    options.fileSystem = system
    return try Saver(variables, options: options)
  }

  private func problem(_ saver: Saver, _ placement: RestoreOptions.Placement) -> CheckpointError? {
    do throws(CheckpointError) {
      try saver.restore(from: "/run/m", options: RestoreOptions(placement: placement))
      return nil
    } catch {
      return error
    }
  }

  @Test(arguments: placements)
  func `reports every read that fails, and what has changed`(placement: RestoreOptions.Placement)
    throws
  {
    let system = try saved()
    let counting = InterceptingFileSystem(system)
    #expect(problem(try saver(variables(1), counting), placement) == nil)
    for (number, call) in counting.calls.enumerated() {
      let variables = variables(1)
      // The same call fails again: a data file that cannot be opened at first is opened when it is
      // needed.
      let failing = InterceptingFileSystem(system) { current, other throws(CheckpointError) in
        guard current == number || (current > number && other == call) else { return }
        throw .system("injected failure of \(call.kind)", errno: EIO, file: call.path)
      }
      let error = try #require(
        problem(saver(variables, failing), placement), "\(number) of \(counting.calls)")
      #expect(error.code == .io && error.systemError == EIO, "\(error)")
      #expect(error.file?.hasPrefix("/run/m") == true, "\(error)")
      try judge(variables, error, placement, "\(number) \(call): \(error)")
    }
  }

  @Test(arguments: placements)
  func `reports a damaged tensor, and what has changed`(placement: RestoreOptions.Placement) throws
  {
    var image = try saved().image
    image.files["/run/m.data-00000-of-00001"]?[70_000 * 4 + 5] ^= 1  // in the second tensor
    let variables = variables(1)
    let error = try #require(problem(saver(variables, MemoryFileSystem(image)), placement))
    #expect(error.code == .corrupt)
    #expect(error.key == "b")
    #expect(error.offset == 280_000)
    #expect(error.file == "/run/m.data-00000-of-00001")
    let end =
      switch placement {
      case .transactional, .mapped: "the file is damaged, restore another checkpoint"
      case .replacing: "; 1 of 3 variables have changed before"
      case .inPlace:
        "; this variable's values are undefined now; 1 of 3 variables have changed before"
      }
    #expect(error.message.hasSuffix(end), "\(error)")
    try judge(variables, error, placement, "\(error)")
  }

  private func judge(
    _ variables: [Variable<Float>], _ error: CheckpointError, _ placement: RestoreOptions.Placement,
    _ what: String
  ) throws {
    let values = variables.map { Set($0.value.array) }
    let changed = values.prefix { $0 == [2] }.count
    let unchanged = values.filter { $0 == [1] }.count
    switch placement {
    case .transactional, .mapped:
      #expect(unchanged == 3, "\(what)")
      #expect(!error.message.contains("changed"), "\(what)")
    case .replacing:
      #expect(changed + unchanged == 3, "\(what)")
      #expect(changed == 0 || error.message.contains("\(changed) of 3 variables have changed"))
    case .inPlace:
      let isUndefined = error.message.contains("this variable's values are undefined")
      #expect(changed + unchanged + (isUndefined ? 1 : 0) >= 3, "\(what)")
      #expect(changed == 0 || error.message.contains("\(changed) of 3 variables have changed"))
    }
  }

  @Test func `puts back what has changed if a variable refuses its value`() throws {
    let system = try saved()
    let first = Variable<Float>(repeating: 1, shape: [70_000])
    let saver = try saverOf(["a": first, "b": Refusing()], system)
    let error = problem(saver, .transactional)
    #expect(error?.description == "/run/m: key 'b': I refuse (mismatch)")
    #expect(Set(first.value.array) == [1])
    #expect(
      problem(saver, .replacing)?.description
        == "/run/m: key 'b': I refuse; 1 of 2 variables have changed before (mismatch)")
    #expect(Set(first.value.array) == [2])
  }

  private func saverOf(_ variables: [String: any TensorVariable], _ system: any FileSystem) throws
    -> Saver
  {
    var options = SaveOptions()
    options.fileSystem = system
    return try Saver(variables, options: options)
  }

  /// A variable that does not take what it promises to hold.
  private final class Refusing: TensorVariable {
    var tensorSpec: TensorSpec { TensorSpec(.float32, [70_000]) }

    func withTensorBytes<Result>(_ body: (RawSpan) throws(CheckpointError) -> Result)
      throws(CheckpointError) -> Result
    {
      try Tensor<Float>(repeating: 0, shape: [70_000]).withTensorBytes(body)
    }

    func setTensor(_ tensor: AnyTensor) throws(CheckpointError) {
      throw CheckpointError(.mismatch, "I refuse")
    }
  }
}
