package import CheckpointIO
package import CheckpointTensors

/// A model as a checkpoint: the plainest reader that there is.
package struct ModelReader: TensorReader {
  package let path = "model"
  private let model: TensorModel

  package init(_ model: TensorModel) { self.model = model }

  package func forEachEntry(_ body: (TensorEntry) throws(CheckpointError) -> Void)
    throws(CheckpointError)
  {
    for key in model.keys { if let entry = entry(for: key) { try body(entry) } }
  }

  package func entry(for key: TensorKey) -> TensorEntry? {
    model[key].map {
      TensorEntry(key: key, spec: $0.spec, byteCount: UInt64($0.spec.byteCount ?? 0))
    }
  }

  package func read(_ key: TensorKey, slice: TensorSlice?, into output: inout MutableRawSpan)
    throws(CheckpointError)
  {
    let tensor = try tensor(for: key, slice: slice)
    guard tensor.storage != nil else {
      throw CheckpointError(.mismatch, "strings have no fixed width", key: key.description)
    }
    let bytes = TensorModel.bytes(of: tensor)
    guard bytes.count == output.byteCount else {
      throw CheckpointError(.mismatch, "\(bytes.count) bytes, not \(output.byteCount)")
    }
    for (offset, byte) in bytes.enumerated() {
      output.storeBytes(of: byte, toByteOffset: offset, as: UInt8.self)
    }
  }

  package func tensor(for key: TensorKey, slice: TensorSlice?) throws(CheckpointError) -> AnyTensor
  {
    let entry = try requiredEntry(for: key)
    guard let tensor = model[key], let part = TensorModel.part(slice, of: tensor) else {
      throw CheckpointError(.mismatch, "the slice leaves \(entry.spec)", key: key.description)
    }
    return part
  }
}
