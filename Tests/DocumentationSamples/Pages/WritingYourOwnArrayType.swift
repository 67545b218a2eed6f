import Checkpoints

struct MyComplex: BitwiseCopyable {
  var real, imaginary: Float
}

extension MyComplex: TensorScalar {
  static var dtype: DType { .complex64 }  // two Floats: real part, imaginary part
}

struct Collection: TensorReader {
  let path = "memory"
  var tensors: [TensorKey: AnyTensor]

  func forEachEntry(_ body: (TensorEntry) throws(CheckpointError) -> Void) throws(CheckpointError) {
    for (key, tensor) in tensors.sorted(by: { $0.key < $1.key }) {
      try body(TensorEntry(key: key, spec: tensor.spec, byteCount: 0))
    }
  }

  func tensor(for key: TensorKey, slice: TensorSlice?) throws(CheckpointError) -> AnyTensor {
    guard let tensor = tensors[key] else {
      throw CheckpointError(.notFound, "there is no '\(key)'", file: path)
    }
    guard let slice else { return tensor }
    return try tensor.part(slice)
  }
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

  let collection = Collection(tensors: ["w": AnyTensor(Tensor<Float>([1, 2, 3]))])
  let renamed = try KeyMapping([.prefix("", to: "dense/")]).reader(over: collection)
  var writer = try CheckpointWriter(to: "run/collection")
  for entry in try renamed.entries() {
    try writer.add(renamed.tensor(for: entry.key), for: entry.key)
  }
  try writer.finish()

  let written = try CheckpointReader("run/collection").tensor(for: "dense/w")
  expect(try Tensor<Float>(written).array == [1, 2, 3])
}
