import Checkpoints

// WritingYourOwnArrayType.md

struct Matrix {
  let rows, columns: Int
  var elements: [Float]
}

extension Matrix: TensorStorable {
  var tensorSpec: TensorSpec { TensorSpec(.float32, [rows, columns]) }

  func withTensorBytes<Result>(
    _ body: (RawSpan) throws(CheckpointError) -> Result
  ) throws(CheckpointError) -> Result {
    // The elements as they lie in memory.
    try unsafe elements.withUnsafeBufferPointer { elements throws(CheckpointError) in
      try unsafe body(elements.span.bytes)
    }
  }

  mutating func setTensor(_ tensor: AnyTensor) throws(CheckpointError) {
    elements = try Tensor<Float>(tensor).array
  }
}

extension Matrix {
  init(rows: Int, columns: Int) {
    self.init(rows: rows, columns: columns, elements: Array(repeating: 0, count: rows * columns))
  }
}
