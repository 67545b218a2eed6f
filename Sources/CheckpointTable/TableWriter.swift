package import CheckpointIO

/// A sorted table on its way into a file: the same bytes that TensorFlow writes.
///
///     var offset: UInt64 = 0
///     var table = TableWriter { bytes throws(CheckpointError) in
///       try file.write(bytes.bytes, at: offset)
///       offset += UInt64(bytes.count)
///     }
///     try table.add(key.span, value.span)  // for every key, in ascending order
///     try table.finish()
///
/// Holds one block in memory. After an error the table cannot be continued.
/// Source: tensorflow/core/lib/io/table_builder.cc, `TableBuilder::Add`, `Finish`.
package struct TableWriter: ~Copyable {
  /// Where the parts of the file go, one after the other.
  package typealias Sink = (_ bytes: Span<UInt8>) throws(CheckpointError) -> Void

  private let blockByteCount: Int
  private let sink: Sink
  private var data: BlockBuilder
  private var index = BlockBuilder(restartInterval: TableFormat.indexRestartInterval)
  private var lastKey: [UInt8] = []
  private var hasEntry = false
  private var offset: UInt64 = 0
  private var pending: BlockHandle?  // a finished block that the index does not have yet

  /// Starts a table.
  ///
  /// - Parameters:
  ///   - blockByteCount: A data block is finished when it has this size. The default is
  ///     TensorFlow's.
  ///   - restartInterval: How many entries there are for each key stored in full, at least 1.
  ///   - sink: Called with every block when it is finished, and with the footer.
  package init(
    blockByteCount: Int = TableFormat.blockByteCount,
    restartInterval: Int = TableFormat.dataRestartInterval, _ sink: @escaping Sink
  ) {
    precondition(blockByteCount > 0 && restartInterval > 0)
    self.blockByteCount = blockByteCount
    self.sink = sink
    data = BlockBuilder(restartInterval: restartInterval)
  }

  /// Appends an entry.
  ///
  /// - Throws: `invalidArgument` if the key does not come after the one before; `limitExceeded` for
  ///   an entry that no block can hold (4 GiB); what the sink throws.
  package mutating func add(_ key: Span<UInt8>, _ value: Span<UInt8>) throws(CheckpointError) {
    let common = lastKey.span.commonPrefixCount(with: key)
    try checkOrder(of: key, common: common)
    let byteCount = UInt64(key.count) + UInt64(value.count)  // each below 2^63
    if byteCount >= 2 * UInt64(blockByteCount) { try finishBlock() }
    try checkRoom(for: byteCount)
    if let handle = pending {
      var separator: [UInt8] = []
      KeySeparator.shortest(after: lastKey.span, before: key, into: &separator)
      addToIndex(separator, handle)
    }
    data.add(key, value, common: common)
    replaceLastKey(with: key, common: common)
    if data.byteCount >= blockByteCount { try finishBlock() }
  }

  /// Writes what is left: the last block, the metaindex, the index and the footer.
  package consuming func finish() throws(CheckpointError) {
    try finishBlock()
    var empty = BlockBuilder(restartInterval: 1)
    let metaindex = try Self.write(&empty, at: &offset, sink)
    if let handle = pending {
      var separator: [UInt8] = []
      KeySeparator.successor(of: lastKey.span, into: &separator)
      addToIndex(separator, handle)
    }
    let indexHandle = try Self.write(&index, at: &offset, sink)
    var output = ByteWriter(capacity: TableFormat.footerByteCount)
    Footer(metaindex: metaindex, index: indexHandle).write(to: &output)
    try sink(output.bytes.span)
  }

  private mutating func finishBlock() throws(CheckpointError) {
    guard !data.isEmpty else { return }
    pending = try Self.write(&data, at: &offset, sink)
  }

  private static func write(_ block: inout BlockBuilder, at offset: inout UInt64, _ sink: Sink)
    throws(CheckpointError) -> BlockHandle
  {
    let count = UInt64(try block.finish(sink))
    let handle = BlockHandle(offset: offset, byteCount: count)
    offset += count + UInt64(TableFormat.trailerByteCount)
    return handle
  }

  private mutating func addToIndex(_ separator: [UInt8], _ handle: BlockHandle) {
    var value = ByteWriter(capacity: 20)
    handle.write(to: &value)
    index.add(separator.span, value.bytes.span, common: 0)  // all its keys are stored in full
    pending = nil
  }

  private mutating func replaceLastKey(with key: Span<UInt8>, common: Int) {
    lastKey.removeLast(lastKey.count - common)  // `common` is at most either count
    unsafe key.extracting(common...).withUnsafeBufferPointer {
      unsafe lastKey.append(contentsOf: $0)
    }
    hasEntry = true
  }

  private func checkOrder(of key: Span<UInt8>, common: Int) throws(CheckpointError) {
    guard hasEntry, !lastKey.span.precedes(key, afterCommon: common) else { return }
    let isRepeated = common == key.count && common == lastKey.count
    throw CheckpointError(
      .invalidArgument,
      isRepeated
        ? "key \(key.keyText) is added to the table twice"
        : "keys must be added in ascending order of their bytes, but \(key.keyText) comes after "
          + lastKey.span.keyText)
  }

  // Offsets within a block, and lengths, have 32 bits; an entry's three lengths take at most 15.
  private func checkRoom(for byteCount: UInt64) throws(CheckpointError) {
    guard UInt64(data.byteCount) + byteCount + 15 + 4 <= UInt64(UInt32.max) else {
      throw CheckpointError(
        .limitExceeded, "entry of \(byteCount) bytes: a block of a table has less than 4 GiB")
    }
  }
}

extension TableWriter {
  /// The bytes of a whole table, for tables that are small.
  package static func bytes(
    blockByteCount: Int = TableFormat.blockByteCount,
    restartInterval: Int = TableFormat.dataRestartInterval,
    _ fill: (inout TableWriter) throws(CheckpointError) -> Void
  ) throws(CheckpointError) -> [UInt8] {
    let output = Output()
    var writer = TableWriter(blockByteCount: blockByteCount, restartInterval: restartInterval) {
      output.writer.write($0)
    }
    try fill(&writer)
    try writer.finish()
    return output.writer.bytes
  }

  private final class Output { var writer = ByteWriter() }
}
