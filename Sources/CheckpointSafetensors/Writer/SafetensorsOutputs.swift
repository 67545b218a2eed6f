import CheckpointIO
import CheckpointTensors

/// The files of a save, being written: each is created when its first tensor comes, and made durable when it
/// has its last one.
final class SafetensorsOutputs {
  /// Where a tensor is in the layout.
  struct Place {
    fileprivate let file: Int
    fileprivate let index: Int
  }

  private let layout: ModelLayout
  private let places: [TensorKey: Place]
  private var isFinished: [[Bool]]  // of each tensor of each file
  private let transaction: any SafetensorsTransaction
  private let pool = OutputPool()
  private var outputs: [Int: SafetensorsOutput] = [:]
  private var written: [Int: AtomicFile] = [:]
  private var missingCounts: [Int]  // how many tensors each file waits for

  /// Begins to write files of a known layout.
  init(_ layout: ModelLayout, _ transaction: any SafetensorsTransaction) {
    (self.layout, self.transaction) = (layout, transaction)
    var places: [TensorKey: Place] = [:]
    places.reserveCapacity(layout.files.reduce(0) { $0 + $1.tensors.count })
    for (file, tensors) in layout.files.map(\.tensors).enumerated() {
      for (index, tensor) in tensors.enumerated() {
        places[tensor.key] = Place(file: file, index: index)
      }
    }
    self.places = places
    isFinished = layout.files.map { $0.tensors.map { _ in false } }
    missingCounts = layout.files.map(\.tensors.count)
  }

  /// Where a tensor goes; `nil` if it is not in the layout.
  func place(of key: TensorKey) -> Place? { places[key] }

  /// What the layout says of a tensor.
  func entry(at place: Place) -> SafetensorsEntry { layout.files[place.file].tensors[place.index] }

  /// Whether a tensor is there, all of it.
  func isFinished(_ place: Place) -> Bool { isFinished[place.file][place.index] }

  /// The places of all tensors, in the order of the files.
  var allPlaces: [Place] {
    layout.files.enumerated().flatMap { file, layout in
      layout.tensors.indices.map { Place(file: file, index: $0) }
    }
  }

  /// Writes elements of a tensor.
  ///
  /// - Parameters:
  ///   - bytes: The elements, in this machine's byte order.
  ///   - numberWidth: How many bytes a number takes.
  ///   - place: The tensor's place.
  /// - Throws: `io` if the system fails.
  func write(_ bytes: RawSpan, numberWidth: Int, to place: Place) throws(CheckpointError) {
    try output(place.file).write(
      bytes, numberWidth: numberWidth, at: entry(at: place).range.offset)
  }

  /// Writes a piece of a tensor, in little-endian byte order, so many bytes behind its beginning.
  ///
  /// - Throws: `io` if the system fails.
  func writeLittleEndian(_ bytes: RawSpan, to place: Place, behind offset: UInt64)
    throws(CheckpointError)
  {
    try output(place.file).writeLittleEndian(bytes, at: entry(at: place).range.offset + offset)
  }

  /// Notes that a tensor is there, all of it.
  ///
  /// - Throws: `io` if the system fails.
  func finish(_ place: Place) throws(CheckpointError) {
    isFinished[place.file][place.index] = true
    missingCounts[place.file] -= 1
    if missingCounts[place.file] == 0, layout.files.count > 1 { try complete(place.file) }
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
