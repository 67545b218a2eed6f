import CheckpointBundle
import CheckpointIO
import CheckpointSafetensors
import CheckpointSlices
import CheckpointTensors

/// Copies tensors to a writer, one after the other, and counts the bytes.
final class TensorCopier {
  private let total: UInt64
  private let progress: (UInt64, UInt64) -> Void
  private var copied: UInt64 = 0

  /// Begins with nothing copied.
  init(total: UInt64, progress: @escaping (UInt64, UInt64) -> Void) {
    self.total = total
    self.progress = progress
  }

  /// Writes a V2 checkpoint of one data file, for which room is reserved.
  func writeBundle(_ tensors: [ConvertedTensor], to prefix: String, _ options: FileOptions)
    throws(CheckpointError)
  {
    let room = tensors.reduce(0) { $0 + UInt64($1.spec.byteCount ?? 0) }  // strings come on top
    var writer = try BundleWriter(prefix: prefix, shardByteCounts: [room], options: options)
    for tensor in tensors {
      if let pieces = pieces(of: tensor) {
        try writer.add(tensor.spec, for: tensor.key, littleEndianPieces: pieces)
      } else {
        for part in try tensor.parts {
          try writer.add(read(tensor, part), for: tensor.key, part: part)
        }
      }
    }
    try writer.finish()
  }

  /// Writes a V1 file, whose records are asked for in their order once all tensors are known.
  func writeSlices(_ tensors: [ConvertedTensor], to path: String, _ options: FileOptions)
    throws(CheckpointError)
  {
    var writer = try SlicesWriter(path: path, options: options)
    for tensor in tensors {
      for part in try tensor.parts {
        let spec = try tensor.spec(of: part)
        try writer.add(spec, for: tensor.key, part: part) { () throws(CheckpointError) in
          try self.read(tensor, part)
        }
      }
    }
    try writer.finish()
  }

  /// Writes a safetensors file or a model directory, for which room is reserved.
  func writeSafetensors(
    _ tensors: [ConvertedTensor], _ metadata: NamedTexts, to path: String,
    _ container: SafetensorsWriter.Container,
    _ options: FileOptions
  ) throws(CheckpointError) {
    let declared = tensors.lazy.map { (key: $0.key, spec: $0.spec) }
    var writer = try SafetensorsWriter(
      path, container, declaring: declared, metadata: metadata, options: options)
    for tensor in tensors {
      if let pieces = pieces(of: tensor) {
        try writer.add(tensor.spec, for: tensor.key, littleEndianPieces: pieces)
      } else {
        try writer.add(read(tensor, nil), for: tensor.key)
      }
    }
    try writer.finish()
  }

  private func read(_ tensor: ConvertedTensor, _ part: TensorSlice.Part?) throws(CheckpointError)
    -> AnyTensor
  {
    let values = try tensor.tensor(part)
    count(values.byteCount)
    return values
  }

  // A tensor of numbers that a reader has whole comes in pieces.
  private func pieces(of tensor: ConvertedTensor) -> LittleEndianPieces? {
    guard tensor.slices.isEmpty, tensor.spec.dtype.byteWidth != nil,
      case .stored(let source, let key) = tensor.values, source.reader is any TensorPieceReader
    else { return nil }
    return { append throws(CheckpointError) in
      try source.reader.forEachPiece(of: key) { piece throws(CheckpointError) in
        try append(piece)
        self.count(piece.byteCount)
      }
    }
  }

  private func count(_ byteCount: Int) {
    copied += UInt64(byteCount)  // as many as have been in memory
    progress(min(copied, total), total)
  }
}
