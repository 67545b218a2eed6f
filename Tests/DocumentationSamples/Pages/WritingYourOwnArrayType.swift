import CheckpointTensors
import CheckpointStore
import CheckpointGraph
import Checkpoints

struct MyComplex: BitwiseCopyable {
  var real, imaginary: Float
}

extension MyComplex: TensorScalar {
  static var dtype: DType { .complex64 }  // two Floats: real part, imaginary part
}

func writingYourOwnArrayType() throws {
  let saved = Matrix(rows: 128, columns: 10, elements: Array(repeating: 7, count: 1280))
  try Saver(["output/kernel": TensorBox(saved)]).save(to: "run/model", step: 1000)
  let zeros = [Float](repeating: 0, count: 1280)

  let weights = TensorBox(Matrix(rows: 128, columns: 10, elements: zeros))
  let saver = try Saver(["output/kernel": weights])
  try saver.restore(from: "run/model-1000")
  print(weights.value.elements[0])

  expect(weights.value.elements == saved.elements)
  let spectrum = Variable<MyComplex>(repeating: MyComplex(real: 1, imaginary: -1), shape: [3])
  let path = try Saver(["spectrum": spectrum]).save(to: "run/spectrum")
  let stored = try CheckpointReader(path).tensor(for: "spectrum")
  expect(try Tensor<Complex64>(stored).array.map(\.imaginary) == [-1, -1, -1])
}
