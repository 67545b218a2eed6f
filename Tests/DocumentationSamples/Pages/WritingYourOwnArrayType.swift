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

final class DeviceArray: TensorStorable {
  let shape: [Int]
  private var elements: [Float]

  init(_ elements: [Float], _ shape: [Int]) { (self.elements, self.shape) = (elements, shape) }

  var tensorSpec: TensorSpec { TensorSpec(.float32, TensorShape(shape)) }

  func withTensorBytes<Result>(
    _ body: (RawSpan) throws(CheckpointError) -> Result
  ) throws(CheckpointError) -> Result {
    let elements = elements  // what is lent has to stay where it is
    return try unsafe elements.withUnsafeBufferPointer { elements throws(CheckpointError) in
      try unsafe body(elements.span.bytes)
    }
  }

  func setTensor(_ tensor: AnyTensor) throws(CheckpointError) {
    elements = try Tensor<Float>(tensor).array
  }
}

final class Projection: Checkpointable {
  let weight = DeviceArray([1, 2, 3, 4], [2, 2])
  var bias: DeviceArray?
}

final class Adam: SlotVariableHolder {
  let slots = SlotVariables(["m", "v"]) { spec in
    TensorBox(
      DeviceArray(Array(repeating: 0, count: spec.shape.elementCount), spec.shape.dimensions))
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

  let (projection, adam) = (Projection(), Adam())
  _ = adam.slots["m", of: projection.weight]
  let checkpoint = try Checkpoint(["model": projection, "optimizer": adam])
  let device = try checkpoint.save(to: "run/device")  // model/weight/…, and its slot variable

  adam.slots["m", of: projection.weight].value = DeviceArray([5, 6, 7, 8], [2, 2])
  projection.bias = DeviceArray([9], [1])
  _ = try checkpoint.restore(from: device, options: RestoreOptions(.matching))
  try adam.slots["m", of: projection.weight].withTensorBytes { expect($0.byteCount == 16) }
  expect(try ObjectGraph(at: device).node(at: "model/weight") != nil)
}
