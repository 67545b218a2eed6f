public import CheckpointIO
import CheckpointSafetensors
public import CheckpointTensors

/// A safetensors file being written in memory.
///
///     var writer = SafetensorsBytes()
///     try writer.add(Tensor<Float>([1, 2, 3]), for: "dense/bias")
///     try writer.finish()
///     let reader = try CheckpointReader(bytes: writer.bytes)
///
/// The bytes are those that the reference implementation writes for the same tensors.
public struct SafetensorsBytes: TensorWriter {
  private var encoder: SafetensorsEncoder

  /// The file, once ``finish()`` has returned; empty before.
  public private(set) var bytes: [UInt8] = []

  /// Begins a file.
  ///
  /// - Parameter metadata: Texts about the file, for programs that ask for them.
  public init(metadata: [String: String] = ["format": "pt"]) {
    encoder = SafetensorsEncoder(metadata: NamedTexts(metadata))
  }

  /// Adds a tensor.
  ///
  /// - Throws: As ``TensorWriter/add(_:for:part:)`` says; `unsupported` for what the format cannot hold.
  public mutating func add(
    _ tensor: some TensorStorable, for key: TensorKey, part: TensorSlice.Part?
  ) throws(CheckpointError) {
    try encoder.add(tensor, for: key, part: part)
  }

  /// Puts the file together.
  ///
  /// - Throws: `limitExceeded` if the names are too many for a header; `invalidArgument` if the writer is
  ///   finished already.
  public mutating func finish() throws(CheckpointError) { bytes = try encoder.finish() }
}
