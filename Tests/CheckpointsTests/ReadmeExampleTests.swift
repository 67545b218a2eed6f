import CheckpointTestSupport
import Checkpoints
import Foundation
import Testing

// The code of README.md, as it stands there, compiled and run.

/// An array type of somebody else.
struct Matrix {
  let rows, columns: Int
  var elements: [Float]

  init(rows: Int, columns: Int) {
    (self.rows, self.columns) = (rows, columns)
    elements = Array(repeating: 0, count: rows * columns)
  }
}

extension Matrix: TensorStorable {
  var tensorSpec: TensorSpec { TensorSpec(.float32, [rows, columns]) }

  func withTensorBytes<Result>(
    _ body: (RawSpan) throws(CheckpointError) -> Result
  ) throws(CheckpointError) -> Result {
    try unsafe body(elements.span.bytes)  // the elements as they lie in memory
  }

  mutating func setTensor(_ tensor: AnyTensor) throws(CheckpointError) {
    elements = try Tensor<Float>(tensor).array
  }
}

@Suite struct ReadmeExampleTests {
  @Test func `saves and restores`() throws {
    let directory = try TemporaryDirectory()
    let run = directory.path("run")

    let kernel = Variable<Float>(repeating: 0, shape: [784, 10])
    let bias = Variable<Float>(repeating: 0, shape: [10])
    let saver = try Saver(["dense/kernel": kernel, "dense/bias": bias])

    let path = try saver.save(to: "\(run)/model", step: 1000)  // run/model-1000

    kernel.value[3, 4] = 1
    try saver.restore(from: path)
    print(kernel.value[3, 4])  // 0.0

    if let newest = try CheckpointDirectory("\(run)").latest() {
      print(newest)  // run/model-1000
    }

    #expect(kernel.value[3, 4] == 0)
    #expect(try CheckpointDirectory(run).latest() == path)
  }

  @Test func `reads a checkpoint of TensorFlow`() throws {
    let path = Self.tensorFlowCheckpoint

    let reader = try BundleReader(prefix: path)
    for entry in try reader.entries() {
      print(entry.key, entry.spec)  // hidden/kernel float32[64, 128]
    }
    let kernel = try Tensor<Float>(reader.tensor(for: "hidden/kernel"))
    print(kernel[0, 0])

    #expect(kernel.shape == [64, 128])
    #expect(try reader.entries().count == 15)
  }

  @Test func `takes an array type of somebody else`() throws {
    let path = Self.tensorFlowCheckpoint

    let weights = TensorBox(Matrix(rows: 128, columns: 10))
    try Saver(["output/kernel": weights]).restore(from: path)
    print(weights.value.elements[0])

    let reader = try BundleReader(prefix: path)
    #expect(try Tensor<Float>(reader.tensor(for: "output/kernel")).array == weights.value.elements)
  }

  static let tensorFlowCheckpoint = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "Examples/DigitsModel/Data/tensorflow/digits-mlp-6000").path
}
