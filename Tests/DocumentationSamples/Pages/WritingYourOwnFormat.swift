import Checkpoints
import Foundation

/// An archive of NumPy's without compression: a zip file with a `.npy` file for each array.
struct NPZReader: TensorReader {
  let path: String
  private let bytes: [UInt8]
  private let members: [(key: TensorKey, spec: TensorSpec, values: Range<Int>)]

  init(_ path: String) throws {
    self.path = path
    bytes = [UInt8](try Data(contentsOf: URL(filePath: path)))
    members = try NPZ.members(of: bytes, path).sorted { $0.key < $1.key }
  }

  func forEachEntry(_ body: (TensorEntry) throws(CheckpointError) -> Void) throws(CheckpointError) {
    for member in members {
      let byteCount = UInt64(member.values.count)
      try body(TensorEntry(key: member.key, spec: member.spec, byteCount: byteCount))
    }
  }

  func tensor(for key: TensorKey, slice: TensorSlice?) throws(CheckpointError) -> AnyTensor {
    guard let member = members.first(where: { $0.key == key }) else {
      throw CheckpointError(.notFound, "there is no array '\(key)'", file: path)
    }
    let values = bytes[member.values]
    let tensor = try unsafe AnyTensor(member.spec, bytes: values.span.bytes)
    guard let slice else { return tensor }
    return try tensor.part(slice)
  }
}

struct NPZWriter: TensorWriter {
  let path: String
  private var archive = NPZ.Archive()

  init(_ path: String) { self.path = path }

  mutating func add(_ tensor: some TensorStorable, for key: TensorKey, part: TensorSlice.Part?)
    throws(CheckpointError)
  {
    guard part == nil, let name = key.string, let type = NPZ.types[tensor.tensorSpec.dtype] else {
      throw CheckpointError(.unsupported, "this cannot be an array", file: path, key: "\(key)")
    }
    let shape = tensor.tensorSpec.shape.dimensions.map { "\($0)," }.joined()
    let text = "{'descr': '\(type)', 'fortran_order': False, 'shape': (\(shape)), }"
    let header = text + String(repeating: " ", count: 63 - (text.utf8.count + 10) % 64) + "\n"
    let length = header.utf8.count
    let magic = [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(length & 0xFF), UInt8(length >> 8)]
    var content = magic + Array(header.utf8)
    try tensor.withTensorBytes { bytes throws(CheckpointError) in
      content += bytes.byteOffsets.map {
        unsafe bytes.unsafeLoad(fromByteOffset: $0, as: UInt8.self)
      }
    }
    archive.add(name + ".npy", content)
  }

  mutating func finish() throws(CheckpointError) {
    do {
      try Data(archive.finished()).write(to: URL(filePath: path), options: .atomic)
    } catch {
      throw CheckpointError(.io, "\(error)", file: path)
    }
  }
}

func writingYourOwnFormat() throws {
  let kernel = Variable<Float>(Tensor(shape: [2, 3], scalars: [1, 2, 3, 4, 5, 6]))
  let step = Variable<Int64>(7)

  let saver = try Saver(["kernel": kernel, "step": step])
  var writer = NPZWriter("weights.npz")
  try saver.save(into: &writer)

  kernel.value = Tensor(repeating: 0, shape: [2, 3])
  step.value = Tensor(0)
  let reader = try NPZReader("weights.npz")
  try saver.restore(from: reader)
  expect(kernel.value.array == [1, 2, 3, 4, 5, 6] && step.scalar == 7)

  var memory = SafetensorsBytes()
  try saver.save(into: &memory)
  try saver.restore(from: CheckpointReader(bytes: memory.bytes))

  expect(try CheckpointReader(bytes: memory.bytes).entries().map(\.key) == ["kernel", "step"])
}
