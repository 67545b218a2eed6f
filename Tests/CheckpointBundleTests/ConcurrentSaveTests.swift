import CheckpointBundle
import CheckpointIO
import CheckpointTensors
import CheckpointTestSupport
import Foundation
import Testing

/// Proves that savers that meet do not mix their checkpoints.
@Suite struct ConcurrentSaveTests {
  private static let rounds =
    ProcessInfo.processInfo.environment["CHECKPOINTS_LONG_TESTS"] == nil ? 60 : 1_000

  // Several data files of several tensors, all of one value.
  private static func save(_ value: Float, to prefix: String) throws(CheckpointError) {
    var options = FileOptions()
    options.durability = .none  // nobody cuts the power here
    var writer = try BundleWriter(prefix: prefix, shardByteCounts: [0, 0], options: options)
    for index in 0..<4 {
      let tensor = Tensor<Float>(repeating: value, shape: [100])
      try writer.add(tensor, for: TensorKey("w\(index)"), part: nil, shard: index % 2)
    }
    try writer.finish()
  }

  private static func values(_ prefix: String) throws -> Set<Float> {
    let reader = try BundleReader(prefix: prefix)
    var values: Set<Float> = []
    for entry in try reader.entries() {
      values.formUnion(try Tensor<Float>(reader.tensor(for: entry.key)).array)
    }
    return values
  }

  // Saves again and again, and returns the values of the saves that were not refused.
  private static func keepSaving(_ writer: Int, to prefix: String) -> Set<Float> {
    var saved: Set<Float> = []
    for round in 1...rounds {
      let value = Float(writer * 10_000 + round)
      do throws(CheckpointError) {
        try save(value, to: prefix)
        saved.insert(value)
      } catch {
        #expect(error.code == .busy, "\(error)")
        #expect(error.file == prefix)
      }
    }
    return saved
  }

  // The data files may be replaced between one read and the next: an error then, and no other value.
  private static func keepReading(_ prefix: String) throws {
    for _ in 0..<rounds {
      do {
        let values = try values(prefix)
        #expect(values.count == 1, "a mixture of \(values)")
      } catch let error as CheckpointError {
        #expect([.notFound, .truncated, .corrupt].contains(error.code), "\(error)")
      }
    }
  }

  @Test(.timeLimit(.minutes(20)))
  func `lets one of several savers of a prefix win whole`() async throws {
    let directory = try TemporaryDirectory()
    let prefix = directory.path("model")
    try Self.save(0, to: prefix)
    async let first = Self.keepSaving(1, to: prefix)
    async let second = Self.keepSaving(2, to: prefix)
    async let third = Self.keepSaving(3, to: prefix)
    async let reading: Void = Self.keepReading(prefix)
    let saved = await first.union(second).union(third)
    try await reading
    let last = try Self.values(prefix)
    #expect(last.count == 1 && last.isSubset(of: saved), "\(last)")
    #expect(directory.names.count == 3, "\(directory.names)")
  }

  @Test(.timeLimit(.minutes(20)))
  func `does not let savers of different prefixes get in each other's way`() async throws {
    let directory = try TemporaryDirectory()
    let prefixes = (0..<3).map { directory.path("model-\($0)") }
    async let first = Self.keepSaving(1, to: prefixes[0])
    async let second = Self.keepSaving(2, to: prefixes[1])
    async let third = Self.keepSaving(3, to: prefixes[2])
    for saved in await [first, second, third] { #expect(saved.count == Self.rounds) }
    for (number, prefix) in prefixes.enumerated() {
      #expect(try Self.values(prefix) == [Float((number + 1) * 10_000 + Self.rounds)])
    }
    #expect(directory.names.count == 9, "\(directory.names)")
  }

  private static func run(_ value: Int, _ prefix: String) throws -> ChildProcess.Outcome {
    try ChildProcess.run("crashing-saver", [prefix, "\(value)", "2", "bundle", "\(Int.max)"])
  }

  @Test(.timeLimit(.minutes(20)))
  func `lets one of two processes win whole`() async throws {
    let directory = try TemporaryDirectory()
    let prefix = directory.path("model")
    try Self.save(0, to: prefix)
    for _ in 0..<(Self.rounds / 10) {
      try await withThrowingTaskGroup(of: Void.self) { group in
        for value in 1...2 {
          group.addTask {
            let outcome = try ChildProcess.run(
              "crashing-saver", [prefix, "\(value)", "2", "bundle", "\(Int.max)"])
            #expect(outcome.status == 0 || outcome.errors.contains("busy"), "\(outcome.errors)")
          }
        }
        try await group.waitForAll()
      }
      let values = try Self.values(prefix)
      #expect(values.count == 1 && values.isDisjoint(with: [0]), "\(values)")
      #expect(directory.names.count == 3, "\(directory.names)")
    }
  }
}
