import CheckpointBundle
import CheckpointGraph
import CheckpointIO
import CheckpointTensors
import CheckpointTestSupport
import Foundation
import Testing

/// Proves how much memory it takes to show the objects of a checkpoint, however many there are.
@Suite struct GraphMemoryTests {
  private static let count = TestCases.count(600_000, sample: 200_000)

  /// A chain of objects; a node of as many children; objects that nothing leads to.
  private static func message(_ shape: String) -> [UInt8] {
    var bytes: [UInt8] = []
    func child(_ node: Int) -> [UInt8] {
      var field = ByteWriter()
      field.write(byte: 0x08)
      field.write(varint: UInt64(node))
      field.write([0x12, 1, UInt8(ascii: "n")])
      return [0x0A, UInt8(field.count)] + field.bytes
    }
    switch shape {
    case "chain":
      for node in 1..<count {
        let edge = child(node)
        bytes += [0x0A, UInt8(edge.count)] + edge
      }
      bytes += [0x0A, 0]
    case "flat":
      let edges = (1..<count).flatMap(child)
      var head = ByteWriter()
      head.write(byte: 0x0A)
      head.write(varint: UInt64(edges.count))
      bytes = head.bytes + edges + (1..<count).flatMap { _ in [0x0A, 0] as [UInt8] }
    default:
      for _ in 0..<count { bytes += [0x0A, 6, 0x12, 4, 0x0A, 2, 0x61, 0x62] }
    }
    return bytes
  }

  private static let cases = ["chain", "flat", "lost"].flatMap { shape in
    [[], ["--json"]].map { (shape, $0) }
  }

  @Test(.timeLimit(.minutes(30)), arguments: TestCases.every(5, of: cases))
  func `takes 64 MB and four times the graph`(shape: String, form: [String]) throws {
    let directory = try TemporaryDirectory()
    let prefix = directory.path("graph")
    let message = Self.message(shape)
    var writer = try BundleWriter(prefix: prefix)
    let graph = try AnyTensor(TensorSpec(.string, .scalar), .strings([message]))
    try writer.add(graph, for: TensorKey(ObjectGraph.key))
    try writer.finish()
    let peak = try PeakMemory.ofTool(["graph"] + form + [prefix])
    #expect(peak <= 64 << 20 + 4 * message.count, "\(peak >> 20) MB")
  }
}
