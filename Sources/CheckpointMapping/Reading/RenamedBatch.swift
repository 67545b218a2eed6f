import CheckpointIO
import CheckpointTensors

/// Several tensors of a checkpoint that are asked for by other names than it has for them.
struct RenamedBatch: TensorBatch {
  private let base: any TensorBatch
  private let keys: [TensorKey]

  /// Gives tensors new names, in their order.
  init(_ base: any TensorBatch, keys: [TensorKey]) {
    self.base = base
    self.keys = keys
  }

  func spec(at position: Int) -> TensorSpec? { base.spec(at: position) }

  func slices(at position: Int) -> [TensorSlice] { base.slices(at: position) }

  func entries() throws(CheckpointError) -> [TensorEntry?] {
    var entries = try base.entries()
    for position in entries.indices { entries[position]?.key = keys[position] }
    return entries
  }

  func selecting(_ positions: [Int]) -> any TensorBatch {
    RenamedBatch(base.selecting(positions), keys: positions.map { keys[$0] })
  }

  func tensors() throws(CheckpointError) -> [AnyTensor] { try base.tensors() }

  func mappedTensors(isChecked: Bool) throws(CheckpointError) -> [AnyTensor] {
    try base.mappedTensors(isChecked: isChecked)
  }

  func forEachTensor(
    _ body: (_ position: Int, _ source: any TensorSource) throws(CheckpointError) -> Void
  ) throws(CheckpointError) {
    try base.forEachTensor { position, source throws(CheckpointError) in
      do throws(CheckpointError) {
        try body(position, source)
      } catch {
        throw error.located(key: keys[position].description)
      }
    }
  }
}
