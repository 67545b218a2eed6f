import CheckpointIO
import CheckpointTensors

/// The files of a save, being written: each is created when its first tensor comes, and made durable when it
/// has its last one.
final class SafetensorsOutputs {
  /// Where each tensor goes.
  let places: [TensorKey: SafetensorsEntry]
  private let layout: ModelLayout
  private let transaction: any SafetensorsTransaction
  private let pool = OutputPool()
  private var outputs: [Int: SafetensorsOutput] = [:]
  private var written: [Int: AtomicFile] = [:]
  private var missingCounts: [Int]  // how many tensors each file waits for

  /// Begins to write files of a known layout.
  init(_ layout: ModelLayout, _ transaction: any SafetensorsTransaction) {
    (self.layout, self.transaction) = (layout, transaction)
    var places: [TensorKey: SafetensorsEntry] = [:]
    for (number, file) in layout.files.enumerated() {
      for var tensor in file.tensors {
        tensor.file = number
        places[tensor.key] = tensor
      }
    }
    self.places = places
    missingCounts = layout.files.map(\.tensors.count)
  }

  /// Writes elements of a tensor.
  ///
  /// - Parameters:
  ///   - bytes: The elements, in this machine's byte order.
  ///   - numberWidth: How many bytes a number takes.
  ///   - entry: The tensor's place.
  /// - Throws: `io` if the system fails.
  func write(_ bytes: RawSpan, numberWidth: Int, to entry: SafetensorsEntry) throws(CheckpointError)
  {
    try output(entry.file).write(bytes, numberWidth: numberWidth, at: entry.range.offset)
  }

  /// Writes a piece of a tensor, in little-endian byte order, so many bytes behind its beginning.
  ///
  /// - Throws: `io` if the system fails.
  func writeLittleEndian(_ bytes: RawSpan, to entry: SafetensorsEntry, behind offset: UInt64)
    throws(CheckpointError)
  {
    try output(entry.file).writeLittleEndian(bytes, at: entry.range.offset + offset)
  }

  /// Notes that a tensor is there, all of it.
  ///
  /// - Throws: `io` if the system fails.
  func finish(_ entry: SafetensorsEntry) throws(CheckpointError) {
    missingCounts[entry.file] -= 1
    if missingCounts[entry.file] == 0, layout.files.count > 1 { try complete(entry.file) }
  }

  /// Makes all files appear.
  ///
  /// - Throws: `io` if the system fails; a checkpoint that stood there stands then.
  func commit() throws(CheckpointError) {
    for file in layout.files.indices where written[file] == nil { try complete(file) }
    try transaction.commit(layout.files.indices.compactMap { written[$0] }, layout)
  }

  private func complete(_ number: Int) throws(CheckpointError) {
    let output = try output(number)
    written[number] = try output.finish()
    outputs[number] = nil
  }

  private func output(_ number: Int) throws(CheckpointError) -> SafetensorsOutput {
    if let output = outputs[number] { return output }
    let file = try pool.add { () throws(CheckpointError) in try transaction.createFile(number) }
    let output = try SafetensorsOutput(file, layout.files[number], pool)
    outputs[number] = output
    return output
  }
}
