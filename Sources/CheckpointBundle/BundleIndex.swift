import CheckpointIO
import CheckpointTable
import CheckpointTensors
import CheckpointWire

/// The content of an index: the header under the empty key, then the entries.
struct BundleIndex {
  let header: BundleHeader
  /// In ascending order of the keys, each once.
  let entries: [(key: TensorKey, entry: BundleEntry)]

  /// Writes the table.
  func write(to file: any WritableFile) throws(CheckpointError) {
    var offset: UInt64 = 0
    var table = TableWriter { bytes throws(CheckpointError) in
      unsafe try file.write(bytes.bytes, at: offset)
      offset += UInt64(bytes.count)
    }
    let noKey: [UInt8] = []
    try table.add(noKey.span, header.message.span)
    var value = ByteWriter(capacity: 64)
    let entries = entries.span  // looked at in their places: copies would count references
    for index in entries.indices {
      value.bytes.removeAll(keepingCapacity: true)
      entries[index].entry.write(to: &value)
      try table.add(entries[index].key.bytes.span, value.bytes.span)
    }
    try table.finish()
  }
}
