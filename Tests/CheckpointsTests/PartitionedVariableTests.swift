import CheckpointStore
import CheckpointPlans
import CheckpointGraph
import CheckpointBundle
import CheckpointIO
import CheckpointTensors
import CheckpointTestSupport
import Checkpoints
import Testing

/// Variables that together are one tensor: which fit, how they are saved, and what they are restored
/// from.
@Suite struct PartitionedVariableTests {
  private let directory: TemporaryDirectory
  init() throws { directory = try TemporaryDirectory() }

  private func problem(_ body: () throws(CheckpointError) -> Void) -> String? {
    do throws(CheckpointError) {
      try body()
      return nil
    } catch {
      return error.description
    }
  }

  private func rows(_ counts: Int...) -> [Variable<Float>] {
    var next: Float = 0
    return counts.map { count in
      let scalars = (0..<count * 2).map { next + Float($0) }
      next += Float(count * 2)
      return Variable(Tensor(shape: [count, 2], scalars: scalars))
    }
  }

  // MARK: Making

  @Test func `names everything that keeps parts from being one tensor`() throws {
    let one = Variable<Float>([1, 2])
    let parts: [(TensorSlice, any TensorVariable)] = [
      (TensorSlice([.range(start: 0, length: 2)]), one),
      (TensorSlice([.range(start: 2, length: 2)]), Variable<Double>([1, 2])),
      (TensorSlice([.range(start: 4, length: 2)]), Variable<Float>([1, 2, 3])),
      (TensorSlice([.range(start: 9, length: 2)]), one),
      (TensorSlice([.full, .full]), Variable<Float>([1])),
    ]
    let error = problem { () throws(CheckpointError) in
      _ = try PartitionedVariable(parts, shape: [10], name: "w")
    }
    #expect(
      error == """
        these variables do not make one tensor, for 5 reasons (several)
          - key 'w': part 1 is float64, the first one is float32 (mismatch)
          - key 'w': part 2 has the shape [3], its place 4,2 has [2] (mismatch)
          - key 'w': part 3: slice 9,2 leaves the tensor's shape [10] (mismatch)
          - key 'w': part 3 is a variable that is a part already (duplicateName)
          - key 'w': part 4: slice -:- has 2 dimensions, the tensor [10] has 1 (mismatch)
        """)
  }

  @Test func `refuses parts that overlap or leave gaps, unless gaps are allowed`() throws {
    func make(_ starts: Int..., allowsGaps: Bool = false) -> String? {
      problem { () throws(CheckpointError) in
        _ = try PartitionedVariable(
          starts.map { (TensorSlice([.range(start: $0, length: 2)]), Variable<Float>([1, 2])) },
          shape: [6], allowsGaps: allowsGaps)
      }
    }
    #expect(make(0, 2, 4) == nil)
    #expect(make(0, 1, 4) == "the slices 0,2 and 1,2 overlap (mismatch)")
    #expect(make(0, 1, allowsGaps: true) == "the slices 0,2 and 1,2 overlap (mismatch)")
    #expect(
      make(0, 4)
        == "the parts have 4 of the 6 elements of [6]; allowsGaps takes them all the same (mismatch)"
    )
    #expect(make(0, 4, allowsGaps: true) == nil)
    #expect(make() == "a partitioned variable needs a part (invalidArgument)")
  }

  @Test func `puts variables side by side along an axis`() throws {
    let whole = try PartitionedVariable(rows(2, 0, 3), axis: 0, name: "w")
    #expect(whole.tensorSpec == TensorSpec(.float32, [5, 2]) && whole.isComplete)
    #expect(whole.parts.map(\.slice.description) == ["0,2:0,2", "2,3:0,2"])
    #expect(try Tensor<Float>(whole.tensorSnapshot()).array == (0..<10).map(Float.init))
    let empty = try PartitionedVariable(rows(0, 0), axis: 0)
    #expect(empty.tensorSpec.shape == [0, 2] && empty.parts.map(\.slice.description) == ["-:0,2"])
    let columns = try PartitionedVariable(rows(2, 2), axis: 1)
    #expect(try Tensor<Float>(columns.tensorSnapshot()).array == [0, 1, 4, 5, 2, 3, 6, 7])
    for axis in [-1, 2] {
      #expect(throws: CheckpointError.self) { try PartitionedVariable(rows(1, 1), axis: axis) }
    }
    #expect(throws: CheckpointError.self) { try PartitionedVariable([], axis: 0) }
    let uneven = [Variable<Float>([1, 2]), Variable<Float>(1)]
    #expect(throws: CheckpointError.self) { try PartitionedVariable(uneven, axis: 0) }
  }

  @Test func `gives its parts their values, or none`() throws {
    let parts = rows(2, 3)
    let whole = try PartitionedVariable(parts, axis: 0)
    let values = Tensor<Float>(shape: [5, 2], scalars: (10..<20).map(Float.init))
    try whole.setTensor(AnyTensor(values))
    #expect(parts.map(\.value.array) == [[10, 11, 12, 13], [14, 15, 16, 17, 18, 19]])
    #expect(throws: CheckpointError.self) { try whole.setTensor(AnyTensor(Tensor<Float>([1]))) }

    let stubborn = try PartitionedVariable([parts[0], Stubborn([2, 2])], axis: 0)
    let four = Tensor<Float>(repeating: 0, shape: [4, 2])
    #expect(throws: CheckpointError.self) { try stubborn.setTensor(AnyTensor(four)) }
    #expect(parts[0].value.array == [10, 11, 12, 13])
  }

  @Test func `Saver row 31: refuses a variable that is a part and something else`() throws {
    let parts = rows(1, 1)
    let whole = try PartitionedVariable(parts, axis: 0)
    let error = problem { () throws(CheckpointError) in
      _ = try Saver(["w": whole, "part": parts[1]])
    }
    #expect(error == "key 'part': one variable has two names, 'w' and 'part' (duplicateName)")
  }

  // MARK: Saving and restoring

  @Test(
    arguments: [.v2, .v1] as [CheckpointFormat],
    [.none, .count(2), .perDevice, .maxBytes(24)] as [SaveOptions.Sharding])
  func `Saver row 32: is saved in its parts, and restored from any others`(
    format: CheckpointFormat, sharding: SaveOptions.Sharding
  ) throws {
    let parts = rows(2, 3, 1)
    for (index, part) in parts.enumerated() { part.device = "\(index % 2)" }
    var options = SaveOptions()
    options.format = format
    options.sharding = sharding
    let whole = try PartitionedVariable(parts, axis: 0, name: "w")
    let path = try Saver([whole], options: options).save(to: directory.path("m"))
    let entry = try #require(try CheckpointReader(path).entry(for: "w"))
    #expect(entry.spec == TensorSpec(.float32, [6, 2]) && entry.slices.count >= 3)

    let single = Variable<Float>(repeating: 0, shape: [6, 2])
    let report = try Saver(["w": single]).restore(from: path)
    #expect(single.value.array == (0..<12).map(Float.init) && report.restored == ["w"])

    for placement in [.transactional, .replacing, .inPlace] as [RestoreOptions.Placement] {
      let columns = [1, 1].map { Variable<Float>(repeating: -1, shape: [6, $0]) }
      let cut = try PartitionedVariable(columns, axis: 1)
      let report = try Saver(["w": cut])
        .restore(from: path, options: RestoreOptions(placement: placement))
      #expect(columns[0].value.array == [0, 2, 4, 6, 8, 10])
      #expect(columns[1].value.array == [1, 3, 5, 7, 9, 11])
      #expect(report.restored == ["w"] && report.isComplete)
    }
  }

  @Test func `is restored in its parts from a tensor that is stored whole`() throws {
    let single = Variable(Tensor<Float>(shape: [3, 2], scalars: [1, 2, 3, 4, 5, 6]))
    let path = try Saver(["w": single]).save(to: directory.path("m"))
    let parts = rows(1, 2)
    try Saver(["w": PartitionedVariable(parts, axis: 0)]).restore(from: path)
    #expect(parts.map(\.value.array) == [[1, 2], [3, 4, 5, 6]])
    // Also those that are here, if others are elsewhere.
    let last = Variable<Float>(repeating: 0, shape: [1, 2])
    let piece = try PartitionedVariable(
      [(TensorSlice([.range(start: 2, length: 1), .full]), last)], shape: [3, 2], allowsGaps: true)
    try Saver(["w": piece]).restore(from: path)
    #expect(last.value.array == [5, 6])
    #expect(throws: CheckpointError.self) { try piece.tensorSnapshot() }
  }

  @Test func `names what was never saved before anything changes`() throws {
    let here = Variable(Tensor<Float>(shape: [2, 2], scalars: [1, 2, 3, 4]))
    let piece = try PartitionedVariable(
      [(TensorSlice([.range(start: 1, length: 2), .full]), here)], shape: [4, 2], allowsGaps: true)
    let bias = Variable<Float>(1)
    let path = try Saver(["w": piece, "bias": bias]).save(to: directory.path("m"))
    bias.scalar = 0
    let parts = rows(1, 1, 2)
    let whole = try PartitionedVariable(parts, axis: 0)
    let saver = try Saver(["w": whole, "bias": bias])
    #expect(
      problem { () throws(CheckpointError) in try saver.restore(from: path) } == """
        \(path): 2 of 4 variables cannot be restored; nothing has been changed (notFound)
          - key 'w': of this slice 0,1:0,2 only 0 of 2 elements were ever saved (notFound)
          - key 'w': of this slice 2,2:0,2 only 2 of 4 elements were ever saved (notFound)
        """)
    #expect(bias.scalar == 0 && parts[1].value.array == [2, 3])
    let report = try saver.restore(from: path, options: .matching)
    #expect(report.restored == ["bias"] && report.mismatched == ["w"])
    #expect(bias.scalar == 1 && parts[1].value.array == [2, 3], "nothing is restored by half")
  }

  @Test func `says of a part that has another shape by now what it has`() throws {
    let path = try Saver(["w": PartitionedVariable(rows(2, 2), axis: 0)])
      .save(to: directory.path("m"))
    let parts = rows(2, 2)
    let saver = try Saver(["w": PartitionedVariable(parts, axis: 0)])
    parts[1].value = Tensor(shape: [1, 2], scalars: [8, 9])
    let error = problem { () throws(CheckpointError) in try saver.restore(from: path) }
    #expect(
      error?.contains("the variable has the shape [1, 2], its place 2,2:0,2 has [2, 2]") == true)
    #expect(parts[1].value.array == [8, 9])
  }

  @Test func `says once that it is missing, and what does not fit`() throws {
    let path = try Saver(["w": Variable<Float>([1, 2])]).save(to: directory.path("m"))
    let saver = try Saver([
      "v": PartitionedVariable(rows(1, 1), axis: 0), "w": PartitionedVariable(rows(1, 1), axis: 0),
    ])
    let error = problem { () throws(CheckpointError) in try saver.restore(from: path) }
    #expect(error?.ranges(of: "no such tensor").count == 1)
    #expect(error?.contains("the checkpoint has shape [2], the variable [2, 2]") == true)
  }

  @Test func `is one variable to a checkpoint of objects`() throws {
    let parts = rows(2, 3)
    let whole = try PartitionedVariable(parts, axis: 0)
    let path = try Checkpoint(["w": whole]).write(to: directory.path("m"))
    let entry = try BundleReader(prefix: path).entry(for: "w/.ATTRIBUTES/VARIABLE_VALUE")
    #expect(entry?.slices.map(\.description) == ["0,2:0,2", "2,3:0,2"])
    let single = Variable<Float>(repeating: 0, shape: [5, 2])
    try Checkpoint(["w": single]).read(from: path).assertConsumed()
    #expect(single.value.array == (0..<10).map(Float.init))
    let others = [3, 2].map { Variable<Float>(repeating: 0, shape: [$0, 2]) }
    try Checkpoint(["w": PartitionedVariable(others, axis: 0)]).read(from: path).assertConsumed()
    #expect(others.map(\.value.array) == [[0, 1, 2, 3, 4, 5], [6, 7, 8, 9]])
  }
}

/// A variable that takes no value.
private final class Stubborn: TensorVariable {
  let tensorSpec: TensorSpec
  init(_ shape: TensorShape) { tensorSpec = TensorSpec(.float32, shape) }

  func withTensorBytes<Result>(_ body: (RawSpan) throws(CheckpointError) -> Result)
    throws(CheckpointError) -> Result
  {
    try Tensor<Float>(repeating: 0, shape: tensorSpec.shape).withTensorBytes(body)
  }

  func setTensor(_ tensor: AnyTensor) throws(CheckpointError) {
    throw CheckpointError(.mismatch, "no")
  }
}
