package import CheckpointIO
package import CheckpointTensors

/// A safetensors file being put together in memory.
package struct SafetensorsEncoder {
  private let metadata: NamedTexts
  private var kept: [TensorKey: AnyTensor] = [:]
  private var specs: [ModelLayout.Spec] = []
  private var isFinished = false

  /// Begins a file.
  package init(metadata: NamedTexts) { self.metadata = metadata }

  /// Adds a tensor.
  ///
  /// - Throws: As ``SafetensorsWriter/add(_:for:part:)``.
  package mutating func add(
    _ tensor: some TensorStorable, for key: TensorKey, part: TensorSlice.Part?
  ) throws(CheckpointError) {
    do throws(CheckpointError) {
      guard !isFinished else { throw .writerIsFinished }
      let type = try SafetensorsWriter.type(of: tensor.tensorSpec, key, part: part)
      guard kept[key] == nil else { throw SafetensorsWriter.repeated }
      let snapshot = try tensor.tensorSnapshot()
      guard snapshot.spec == tensor.tensorSpec, snapshot.storage != nil else {
        throw CheckpointError(
          .mismatch, "the variable is \(tensor.tensorSpec), its values are \(snapshot.spec)")
      }
      kept[key] = snapshot
      specs.append((key, type, snapshot.spec.shape))
    } catch {
      throw error.located(key: key.description)
    }
  }

  /// Puts the file together.
  ///
  /// - Returns: Its bytes.
  /// - Throws: `limitExceeded` if the names are too many for a header; `invalidArgument` if it was put together
  ///   already.
  package mutating func finish() throws(CheckpointError) -> [UInt8] {
    guard !isFinished else { throw .writerIsFinished }
    isFinished = true
    let layout = try SafetensorsLayout(specs[...], metadata: metadata)
    // A number of far less than 63 bits: the layout sees to it.
    var bytes = ByteWriter(capacity: Int(layout.byteCount))
    bytes.write(layout.head)
    for entry in layout.tensors {
      guard let tensor = kept[entry.key] else { preconditionFailure("the layout is of these") }
      try Self.append(tensor, to: &bytes)
    }
    kept.removeAll()
    return bytes.bytes
  }

  private static func append(_ tensor: AnyTensor, to bytes: inout ByteWriter)
    throws(CheckpointError)
  {
    guard let storage = tensor.storage else { return }
    let width = tensor.spec.dtype.byteOrderWidth ?? 1
    guard 1.littleEndian != 1, width > 1 else {
      bytes.write(Span<UInt8>(_bytes: storage.bytes))
      return
    }
    let swapped = TensorStorage(copying: storage.bytes)
    try swapped.withMutableBytes { $0.reverseBytes(ofEvery: width) }
    bytes.write(Span<UInt8>(_bytes: swapped.bytes))
  }
}
