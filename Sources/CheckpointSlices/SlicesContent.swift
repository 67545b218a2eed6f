import CheckpointIO
import CheckpointTable
import CheckpointTensors

/// What one file will hold: the list of its tensors, and their values.
///
/// TensorFlow adds tensors in the order of their names, which is that of its list then; slices of one
/// tensor stand in the order in which they were added. (Its sort is not stable: of more than 16
/// tensors, those of slices of the same name may come in another order.)
/// Source: tensorflow/core/kernels/save_restore_tensor.cc, `SaveTensors`.
struct SlicesContent {
  /// The tensors, in the order in which they were first added.
  private(set) var meta: [SavedSliceMeta] = []
  private var places: [TensorKey: Int] = [:]
  private var tensors: [StoredTensor] = []

  /// Adds a slice of a tensor.
  mutating func append(_ tensor: StoredTensor, of spec: TensorSpec) {
    let key = tensor.record.key
    if let place = places[key] {
      meta[place].slices.append(tensor.record.slice)
    } else {
      places[key] = meta.count
      meta.append(SavedSliceMeta(key: key, spec: spec, slices: [tensor.record.slice]))
    }
    tensors.append(tensor)
  }

  /// Writes the table.
  func write(to file: any WritableFile) throws(CheckpointError) {
    var offset: UInt64 = 0
    var table = TableWriter { bytes throws(CheckpointError) in
      unsafe try file.write(bytes.bytes, at: offset)
      offset += UInt64(bytes.count)
    }
    let noKey: [UInt8] = []
    let meta = SavedTensorSliceMeta(tensors: meta.sorted { $0.key < $1.key }).record
    try table.add(noKey.span, meta.span)
    let sorted = tensors.map { (key: $0.key, tensor: $0) }.sorted { $0.key < $1.key }
    for (key, tensor) in sorted {
      let record = try tensor.encoded()
      try table.add(key.bytes.span, record.span)
    }
    try table.finish()
  }
}
