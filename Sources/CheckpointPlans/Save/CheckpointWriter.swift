import CheckpointBundle
public import CheckpointIO
import CheckpointSafetensors
import CheckpointSlices
import CheckpointStore
public import CheckpointTensors

/// A checkpoint being written tensor by tensor, without variables, in any format.
///
///     var writer = try CheckpointWriter(to: "run/weights")
///     try writer.add(Tensor<Float>([1, 2, 3]), for: "dense/bias")
///     try writer.finish()
///
/// The files are byte for byte those that TensorFlow, or the reference implementation of safetensors,
/// writes for the same tensors in the same order, and the same metadata. A checkpoint that stands there already stays until
/// ``finish()`` replaces it in one step.
///
/// V2 is written as tensors are added. V1 and safetensors files begin with a list of their tensors, so
/// that tensors are kept until ``finish()``: a ``Tensor`` or ``AnyTensor`` shares its memory, of others
/// there is a copy.
public struct CheckpointWriter: TensorWriter {
  private var bundle: BundleWriter?
  private var slices: SlicesWriter?
  private var safetensors: SafetensorsWriter?
  private let format: CheckpointFormat
  private let shardCount: Int
  private var next = 0

  /// What to give a ``CheckpointReader``: the prefix, the file, or the pattern of several V1 files.
  public let path: String

  /// Begins a checkpoint.
  ///
  /// - Parameters:
  ///   - path: The prefix of a V2 checkpoint; the file of another format; of several V1 files what
  ///     their names begin with.
  ///   - metadata: Texts about a safetensors file, for programs that ask for them, beside those of
  ///     the options; see ``SaveOptions/metadata``.
  ///   - options: How it is written. Over several data files, of which there have to be so many
  ///     (``SaveOptions/Sharding/count(_:)``), tensors are dealt out in turn.
  /// - Throws: `busy` if somebody else is saving there; `unsupported` for a sharding that needs all
  ///   tensors beforehand, and for metadata or several files where the format has none; `invalidArgument` for a
  ///   V1 file that would be called as the state file, `checkpoint`; `io` if the system fails.
  public init(
    to path: String, metadata: [String: String] = [:], options: SaveOptions = SaveOptions()
  ) throws(CheckpointError) {
    let path = try PathText.path(path)
    var options = options
    options.metadata.merge(metadata) { $1 }
    do throws(CheckpointError) {
      shardCount = try options.knownShardCount()
      try options.checkMetadata()
    } catch {
      throw error.located(file: path)
    }
    format = options.format
    let files = options.files
    switch options.format {
    case .v2:
      let sizes: [UInt64] = Array(repeating: 0, count: shardCount)
      bundle = try BundleWriter(prefix: path, shardByteCounts: sizes, options: files)
      self.path = path
    case .v1:
      let isSharded = options.sharding != .none
      if !isSharded { try CheckpointName.checkIsNoStateFile(path, .v1) }
      let writer =
        !isSharded
        ? try SlicesWriter(path: path, options: files)
        : try SlicesWriter(prefix: path, shardCount: shardCount, options: files)
      self.path = writer.path
      slices = writer
    case .safetensors, .modelDirectory:
      safetensors = try SafetensorsWriter(
        path, options.container(), metadata: options.safetensorsMetadata, options: files)
      self.path = path
    }
  }

  /// Adds a tensor, or a part of one.
  ///
  /// - Throws: As ``TensorWriter/add(_:for:part:)`` says; `unsupported` for what the format cannot
  ///   hold.
  public mutating func add(
    _ tensor: some TensorStorable, for key: TensorKey, part: TensorSlice.Part?
  ) throws(CheckpointError) {
    switch format {
    case .v2: try bundle?.add(tensor, for: key, part: part, shard: next)
    case .v1: try slices?.add(tensor, for: key, part: part, shard: next)
    case .safetensors, .modelDirectory: try safetensors?.add(tensor, for: key, part: part)
    }
    next = (next + 1) % shardCount
  }

  /// Makes the checkpoint appear, whole.
  ///
  /// - Throws: `mismatch` if parts overlap; `invalidArgument` if nothing was added, and if the writer
  ///   is finished already; `io` if the system fails. The old checkpoint stands then.
  public mutating func finish() throws(CheckpointError) {
    switch format {
    case .v2: try bundle?.finish()
    case .v1: try slices?.finish()
    case .safetensors, .modelDirectory: try safetensors?.finish()
    }
  }
}

extension SaveOptions {
  // Over how many data files tensors are spread that are not known beforehand.
  fileprivate func knownShardCount() throws(CheckpointError) -> Int {
    guard format.isTensorFlow else {
      _ = try modelFileByteCount()
      return 1
    }
    switch sharding {
    case .none: return 1
    case .count(let count): return count
    case .perDevice, .maxBytes, .rule:
      throw CheckpointError(
        .unsupported,
        "this sharding needs to know all tensors before the first is written; save variables with a "
          + "Saver, or name the number of data files: .count")
    }
  }
}
