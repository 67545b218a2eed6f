import CheckpointBundle
import CheckpointIO
import CheckpointSlices
import CheckpointTensors
import CheckpointTestSupport
import Foundation
import Testing

/// A save to many data files in a process that may have few files open: the system itself says how many.
@Suite struct ManyFilesTests {
  private static let shardCount = 300

  private let directory: TemporaryDirectory
  init() throws { directory = try TemporaryDirectory("many") }

  // 128, and the dozen that a process has open besides.
  private func save(_ way: String, value: Int) throws -> ChildProcess.Outcome {
    let saver = ChildProcess.products.appending(path: "crashing-saver").path
    return try ChildProcess.run(
      "/bin/sh",
      ["-c", "ulimit -n 140; exec \"$0\" \"$@\"", saver, directory.path("m"), "\(value)"] + [
        "\(Self.shardCount)", way, "99999999",
      ])
  }

  private func expect(_ value: Float, in reader: some TensorReader) throws {
    for number in [0, 1, 299, 300, 599] {
      let tensor = try Tensor<Float>(reader.tensor(for: TensorKey("w\(number)")))
      #expect(tensor == Tensor(repeating: value, shape: [300]))
    }
  }

  @Test(arguments: ["bundle", "many"])
  func `saves to more data files than can be open, and over them`(way: String) throws {
    for value in 1...2 {
      let outcome = try save(way, value: value)
      #expect(outcome.status == 0, "\(outcome.errors)")
    }
    let reader = try BundleReader(prefix: directory.path("m"))
    // The second one took another count.
    #expect(reader.shardCount == Self.shardCount + 1)
    if way == "many" { try expect(2, in: reader) }
    let names = directory.names.filter { $0.contains(".data-") || $0.hasSuffix(".index") }
    #expect(names.count == Self.shardCount + 1)
    #expect(directory.names.allSatisfy { !$0.contains("swift-checkpoints") })
  }

  @Test func `saves to more files of the format V1 than can be open`() throws {
    let outcome = try save("manyV1", value: 3)
    #expect(outcome.status == 0, "\(outcome.errors)")
    try expect(3, in: SlicesReader(path: directory.path("m-?????-of-00300")))
    #expect(directory.names.count == Self.shardCount + 1)  // and the state file
  }
}
