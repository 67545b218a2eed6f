import CheckpointIO
import CheckpointTensors
import CheckpointWire

/// A tensor, or a slice of one, that will be a record.
struct StoredTensor {
  /// What the record says of itself.
  let record: SavedSliceRecord
  private let spec: TensorSpec
  private let list: TensorValueList
  private let values: () throws(CheckpointError) -> AnyTensor

  /// Takes the values as they are now.
  ///
  /// - Throws: `unsupported` for a dtype that V1 cannot hold, and for dimensions that TensorFlow does not read;
  ///   `limitExceeded` for too many values.
  init(_ tensor: some TensorStorable, record: SavedSliceRecord) throws(CheckpointError) {
    let spec = tensor.tensorSpec
    try Self.check(spec, record)  // before a copy is made
    let snapshot = try tensor.tensorSnapshot()
    try self.init(spec, record: record) { () throws(CheckpointError) in snapshot }
    try check(snapshot)
  }

  /// Takes the values when the record is written.
  ///
  /// - Throws: As ``init(_:record:)``.
  init(
    _ spec: TensorSpec, record: SavedSliceRecord,
    values: @escaping () throws(CheckpointError) -> AnyTensor
  ) throws(CheckpointError) {
    list = try Self.check(spec, record)
    self.spec = spec
    self.record = record
    self.values = values
  }

  /// Whether a record can hold such values, as far as that can be known without them.
  ///
  /// - Returns: The form that it has for them.
  /// - Throws: As ``init(_:record:)``.
  @discardableResult
  static func check(_ spec: TensorSpec, _ record: SavedSliceRecord) throws(CheckpointError)
    -> TensorValueList
  {
    guard let list = TensorValueList(spec.dtype), let most = list.mostByteCount else {
      throw CheckpointError(
        .unsupported, "V1 checkpoints cannot hold values of \(spec.dtype.name); save as V2")
    }
    guard spec.shape.rank <= TensorShape.largestSlicedRank else {
      throw CheckpointError(
        .unsupported,
        "TensorFlow reads at most \(TensorShape.largestSlicedRank) dimensions from V1 checkpoints, these are "
          + "\(spec.shape.rank); save as V2")
    }
    try checkSize(spec.shape.elementCount, most, plus: record.headByteCount)
    return list
  }

  private func check(_ tensor: AnyTensor) throws(CheckpointError) {
    guard tensor.spec == spec else {
      throw CheckpointError(.mismatch, "the variable is a \(spec), its values are \(tensor.spec)")
    }
    guard let strings = tensor.strings, let most = list.mostByteCount else { return }
    let byteCount = strings.reduce(record.headByteCount) { $0 + $1.count }
    try Self.checkSize(spec.shape.elementCount, most, plus: byteCount)
  }

  // TensorFlow's own estimate, so that what one writes, the other does.
  private static func checkSize(_ elementCount: Int, _ most: Int, plus rest: Int)
    throws(CheckpointError)
  {
    let (values, overflow) = elementCount.multipliedReportingOverflow(by: most)
    guard overflow || values > largestByteCount - 1024 - min(rest, largestByteCount) else { return }
    throw CheckpointError(
      .limitExceeded,
      "\(elementCount) elements may take more than the 2 GiB of a V1 record; save them in parts, or "
        + "as V2")
  }

  private static let largestByteCount = 1 << 31

  /// The key of the record.
  var key: TensorKey { record.key.sliceKey(record.slice) }

  /// The content of the record.
  ///
  /// - Throws: What getting the values throws; `limitExceeded` if they are strings that are too long.
  func encoded() throws(CheckpointError) -> [UInt8] {
    let tensor = try values()
    try check(tensor)
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
