import CheckpointIO
import CheckpointTensors
import Synchronization
import Testing

/// Proves that tensors which all cores read stand in the order in which they were asked for.
@Suite struct TensorBatchTests {
  /// Tensors of a megabyte and more, each of its number; some cannot be read.
  private struct Numbers: TensorReader {
    let path = "numbers"
    var broken: Set<String> = []

    func forEachEntry(_ body: (TensorEntry) throws(CheckpointError) -> Void) throws(CheckpointError)
    {}

    func entry(for key: TensorKey) -> TensorEntry? {
      let count = Int(key.description) ?? 0
      return TensorEntry(
        key: key, spec: TensorSpec(.float32, [1]), byteCount: UInt64(count % 3) << 19)
    }

    func tensor(for key: TensorKey, slice: TensorSlice?) throws(CheckpointError) -> AnyTensor {
      guard !broken.contains(key.description) else {
        throw CheckpointError(.corrupt, "broken", key: key.description)
      }
      return AnyTensor(Tensor<Float>([Float(key.description) ?? -1]))
    }
  }

  private func batch(_ numbers: [Int], broken: Set<String> = []) throws -> any TensorBatch {
    try SingleTensors(
      numbers.map { TensorRequest(TensorKey("\($0)")) }, of: Numbers(broken: broken))
  }

  @Test(arguments: [0, 1, 2, 3, 1000])
  func `reads them in the order of the requests`(count: Int) throws {
    let numbers = (0..<count).map { $0 * 7919 % 1009 }
    let read = try batch(numbers).tensors().map { try Tensor<Float>($0)[0] }
    #expect(read == numbers.map { Float($0) })
  }

  @Test func `names the first that cannot be read`() throws {
    for _ in 0..<20 {
      let error = #expect(throws: CheckpointError.self) {
        try batch(Array(0..<500), broken: ["499", "77", "301"]).tensors()
      }
      #expect(error?.key == "77")
    }
  }
}
