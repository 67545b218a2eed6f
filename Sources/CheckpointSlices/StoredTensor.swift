import CheckpointIO
import CheckpointTensors
import CheckpointWire

/// A tensor, or a slice of one, that will be a record.
struct StoredTensor {
  /// What the record says of itself.
  let record: SavedSliceRecord
  private let list: TensorValueList
  private let tensor: AnyTensor

  /// Takes the values as they are now.
  ///
  /// - Throws: `unsupported` for a dtype that V1 cannot hold; `limitExceeded` for too many values.
  init(
    _ tensor: some TensorStorable,
    record: SavedSliceRecord
  ) throws(CheckpointError) {
    let spec = tensor.tensorSpec
    guard let list = TensorValueList(spec.dtype), let most = list.mostByteCount else {
      throw CheckpointError(
        .unsupported,
        "V1 checkpoints cannot hold values of \(spec.dtype.name); save as V2"
      )
    }
    self.record = record
    self.list = list
    // Before a copy is made.
    try Self.checkSize(spec.shape.elementCount, most, plus: record.headByteCount)
    self.tensor = try tensor.tensorSnapshot()
    guard self.tensor.spec == spec else {
      throw CheckpointError(
        .mismatch,
        "the variable is a \(spec), its values are \(self.tensor.spec)"
      )
    }
    let strings = self.tensor.strings?.reduce(0) { $0 + $1.count } ?? 0
    try Self.checkSize(spec.shape.elementCount, most, plus: record.headByteCount + strings)
  }

  // TensorFlow's own estimate, so that what one writes, the other does.
  private static func checkSize(
    _ elementCount: Int,
    _ most: Int,
    plus rest: Int
  ) throws(CheckpointError) {
    let (values, overflow) = elementCount.multipliedReportingOverflow(by: most)
    guard overflow || values > largestByteCount - 1024 - min(rest, largestByteCount) else { return }
    throw CheckpointError(
      .limitExceeded,
      "\(elementCount) elements may take more than the 2 GiB of a V1 record; save them in parts, or "
        + "as V2"
    )
  }

  private static let largestByteCount = 1 << 31

  /// The key of the record.
  var key: TensorKey { record.key.sliceKey(record.slice) }

  /// The content of the record.
  func encoded() throws(CheckpointError) -> [UInt8] {
    if let strings = tensor.strings {
      return try record.record(valuesByteCount: list.messageByteCount(strings: strings)) {
        list.write(strings: strings, to: &$0)
      }
    }
    return try tensor.withTensorBytes { numbers throws(CheckpointError) in
      let byteCount = list.messageByteCount(numbers: numbers)
      return try record.record(valuesByteCount: byteCount) { list.write(numbers: numbers, to: &$0) }
    }
  }
}
