import CheckpointMapping
import CheckpointIO
import CheckpointTensors
@testable import Checkpoints

/// A checkpoint in memory, its entries as hostile as a test wants them.
struct MemoryReader: TensorReader {
  let path = "memory"
  var tensors: [TensorKey: AnyTensor] = [:]
  var promised: [TensorKey: TensorSpec] = [:]

  func forEachEntry(_ body: (TensorEntry) throws(CheckpointError) -> Void) throws(CheckpointError) {
    let specs = tensors.mapValues(\.spec).merging(promised) { $1 }
    for (key, spec) in specs.sorted(by: { $0.key < $1.key }) {
      try body(TensorEntry(key: key, spec: spec, byteCount: 0))
    }
  }

  func entry(for key: TensorKey) throws(CheckpointError) -> TensorEntry? {
    try entries().first { $0.key == key }
  }

  func read(_ key: TensorKey, slice: TensorSlice?, into output: inout MutableRawSpan)
    throws(CheckpointError)
  {
    throw CheckpointError(.unsupported, "not needed")
  }

  func tensor(for key: TensorKey, slice: TensorSlice?) throws(CheckpointError) -> AnyTensor {
    guard let tensor = tensors[key] else { throw CheckpointError(.truncated, "nothing behind it") }
    guard let slice else { return tensor }
    return try KeyMapping.Transform.slice(slice).applied(to: tensor)
  }
}
