import CheckpointGraph
import CheckpointPlans
import CheckpointTensors
import CheckpointTestSupport
import Checkpoints
import Testing

/// Proves that each of several processes reads no more of a checkpoint than its variables have, and what that
/// leaves unchecked.
@Suite struct SharedRestoreTests {
  private static let shape: TensorShape = [64, 8_192]
  private static let numbers = (0..<shape.elementCount).map { Float($0) }

  private let directory: TemporaryDirectory
  init() throws { directory = try TemporaryDirectory("restored") }

  /// The part of one of some processes; of the whole table, or of zeros.
  private static func table(_ rank: Int, of count: Int, axis: Int, isEmpty: Bool) throws
    -> PartitionedVariable
  {
    var starts = [0, 0]
    var dimensions = shape.dimensions
    starts[axis] = shape[axis] * rank / count
    dimensions[axis] = shape[axis] * (rank + 1) / count - starts[axis]
    let slice = TensorSlice(starts: starts, shape: TensorShape(dimensions))
    var part = Tensor<Float>(repeating: 0, shape: TensorShape(dimensions))
    if !isEmpty {
      let whole = AnyTensor(Tensor<Float>(shape: shape, scalars: numbers))
      part = try Tensor<Float>(whole.part(slice))
    }
    return try PartitionedVariable(
      [(slice, Variable(part))], shape: shape, name: "table", allowsGaps: true)
  }

  private func save(_ count: Int, axis: Int) throws -> String {
    let prefix = directory.path("model")
    let results = together(count) { rank in
      let group = try LaunchedProcesses(rank: rank, count: count, job: "reading")
      let options = SaveOptions(
        durability: .none, processes: group, processTimeout: .seconds(60))
      let table = try Self.table(rank, of: count, axis: axis, isEmpty: false)
      try Saver([table], options: options).save(to: prefix)
    }
    for result in results { try result.get() }
    return prefix
  }

  /// Restores one part, and says how many bytes of data files were read for each that it has.
  private func share(
    _ prefix: String, _ rank: Int, of count: Int, axis: Int, _ options: RestoreOptions
  ) throws -> Double {
    let system = InterceptingFileSystem()
    var files = SaveOptions()
    files.fileSystem = system
    let table = try Self.table(rank, of: count, axis: axis, isEmpty: true)
    try Saver([table], options: files).restore(from: prefix, options: options)
    let part = try table.parts[0].variable.tensorSnapshot()
    let expected = try Self.table(rank, of: count, axis: axis, isEmpty: false)
    #expect(try part == expected.parts[0].variable.tensorSnapshot())
    let read = system.readByteCounts.filter { $0.key.contains(".data-") }.values.reduce(0, +)
    return Double(read) / Double(part.spec.byteCount ?? 0)
  }

  @Test(arguments: [1, 2, 3, 4, 8], [0, 1])
  func `each process reads only what it needs, for any two numbers and any two axes`(
    saved: Int, savedAxis: Int
  ) throws {
    let prefix = try save(saved, axis: savedAxis)
    for count in [1, 2, 3, 4, 8] {
      for axis in 0...1 {
        for (rank, placement) in [
          (0, RestoreOptions.Placement.transactional), (count / 2, .inPlace),
          (count - 1, .transactional),
        ] {
          let options = RestoreOptions(placement: placement, readsOnlyParts: true)
          let share = try share(prefix, rank, of: count, axis: axis, options)
          #expect(share <= 1.05, "\(rank) of \(count) along \(axis), \(placement)")
        }
      }
    }
  }

  @Test(arguments: [(1, 1), (2, 1), (4, 2), (8, 1), (8, 8)], [0, 1])
  func `what is wanted in whole parts is read once, and checked`(counts: (Int, Int), axis: Int)
    throws
  {
    let prefix = try save(counts.0, axis: axis)
    for rank in 0..<counts.1 {
      let share = try share(prefix, rank, of: counts.1, axis: axis, RestoreOptions())
      #expect(share <= 1.05, "\(counts), \(rank)")
    }
  }

  @Test func `by default, a part of what was saved as one is checked with all of it`() throws {
    let prefix = try save(1, axis: 0)
    #expect(try share(prefix, 1, of: 4, axis: 0, RestoreOptions()) == 4)
    // The last number: only the last process has it.
    let name = "model.data-00000-of-00001"
    var bytes = try directory.bytes(name)
    bytes[bytes.count - 1] ^= 1
    try directory.write(bytes, to: name)
    for rank in 0..<4 {
      #expect(throws: CheckpointError.self) {
        try share(prefix, rank, of: 4, axis: 0, RestoreOptions())
      }
    }
    let only = RestoreOptions(readsOnlyParts: true)
    #expect(try share(prefix, 1, of: 4, axis: 0, only) == 1)
    // All of what is stored is wanted: damage is noticed.
    #expect(throws: CheckpointError.self) { try share(prefix, 0, of: 1, axis: 0, only) }
  }
}
