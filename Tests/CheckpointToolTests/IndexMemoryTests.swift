import CheckpointBundle
import CheckpointIO
import CheckpointTensors
import CheckpointTestSupport
import Foundation
import Testing

/// Proves how much memory it takes to show a checkpoint of many tensors.
@Suite struct IndexMemoryTests {
  private static let count = TestCases.count(300_000, sample: 20_000)

  // `suggest` ends with 1 where it has nothing to propose.
  @Test(.timeLimit(.minutes(30)), arguments: ["list", "verify", "suggest"])
  func `takes 64 MB and four times the index`(command: String) throws {
    let directory = try TemporaryDirectory()
    let prefix = directory.path("many")
    var options = FileOptions()
    options.durability = .none
    var writer = try BundleWriter(prefix: prefix, options: options)
    writer.expect(Self.count)
    for number in 0..<Self.count {
      try writer.add(Tensor<Float>(1), for: TensorKey("layer_\(number)/kernel"))
    }
    try writer.finish()
    let index = try FileManager.default.attributesOfItem(atPath: prefix + ".index")[.size]
    let byteCount = try #require(index as? Int)
    let peak = try PeakMemory.ofTool([command, prefix], endingWith: [0, 1])
    #expect(peak <= 64 << 20 + 4 * byteCount, "\(peak >> 20) MB for an index of \(byteCount)")
  }
}
