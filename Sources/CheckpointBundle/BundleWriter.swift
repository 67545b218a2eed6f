public import CheckpointIO
public import CheckpointTensors
import CheckpointTable
import CheckpointWire

/// A V2 checkpoint being written: byte for byte what TensorFlow writes for the same tensors in the
/// same order.
///
///     var writer = try BundleWriter(prefix: "run/weights")
///     try writer.add(Tensor<Float>([1, 2, 3]), for: "dense/bias")
///     try writer.finish()
///
/// A checkpoint that stands at the prefix already stays until ``finish()`` replaces it in one step.
/// Source: tensorflow/core/util/tensor_bundle/tensor_bundle.cc, `BundleWriter`.
public struct BundleWriter: ShardedTensorWriter {
  let prefix: String
  private let transaction: BundleTransaction
  var shards: [ShardWriter]
  var index: BundleIndex
  // The whole tensors, which list their parts.
  private var partitioned: [TensorKey: BundleEntry] = [:]
  private var isFinished = false

  /// The paths of the files that ``finish()`` makes appear: data files, then the index.
  package var files: [String] { transaction.files }

  /// Begins a checkpoint.
  ///
  /// - Parameters:
  ///   - prefix: What the names of its files begin with.
  ///   - shardByteCounts: For each data file how many bytes it will take, as far as known; 0 if not.
  ///   - options: How the files are written.
  /// - Throws: `busy` if somebody else is saving to this prefix; `io` if the system fails, for want
  ///   of room among other things.
  public init(
    prefix: String,
    shardByteCounts: [UInt64] = [0],
    options: SaveOptions = SaveOptions()
  ) throws(CheckpointError) {
    guard (1...99_999).contains(shardByteCounts.count) else {
      throw CheckpointError(
        .invalidArgument,
        "\(shardByteCounts.count) data files; 1 to 99999 are possible",
        file: prefix
      )
    }
    let transaction = try BundleTransaction(
      prefix: prefix,
      shardCount: shardByteCounts.count,
      options: options
    )
    var shards: [ShardWriter] = []
    for (shard, byteCount) in shardByteCounts.enumerated() {
      shards.append(
        try ShardWriter(
          transaction.createDataFile(shard),
          expectedByteCount: byteCount,
          alignment: options.alignment
        )
      )
    }
    self.prefix = prefix
    self.transaction = transaction
    self.shards = shards
    index = BundleIndex(header: BundleHeader(shardCount: transaction.shardCount))
  }

  /// Says how many tensors, or parts of them, will be added: memory is asked for once.
  public mutating func reserveCapacity(_ count: Int) { index.reserveCapacity(count) }

  /// Adds a tensor, or a part of one, to the first data file.
  ///
  /// - Throws: As ``TensorWriter/add(_:for:part:)`` says.
  public mutating func add(
    _ tensor: some TensorStorable,
    for key: TensorKey,
    part: SliceSpec?
  ) throws(CheckpointError) {
    try add(tensor, for: key, part: part, shard: 0)
  }

  /// Adds a tensor, or a part of one, to a data file.
  ///
  /// - Parameters:
  ///   - tensor: The values.
  ///   - key: The key.
  ///   - part: Where the values belong, if they are a part of a partitioned tensor.
  ///   - shard: Which data file, from 0 on.
  /// - Throws: As ``TensorWriter/add(_:for:part:)`` says.
  public mutating func add(
    _ tensor: some TensorStorable,
    for key: TensorKey,
    part: SliceSpec?,
    shard: Int
  ) throws(CheckpointError) {
    do throws(CheckpointError) {
      let spec = tensor.tensorSpec
      let storedKey = try place(spec, for: key, part, shard: shard)
      let (range, checksum) = try append(tensor, spec, to: shard)
      index.add(
        storedKey,
        BundleEntry(spec: spec, shard: shard, range: range, maskedCRC: checksum.masked)
      )
    } catch {
      throw error.located(file: prefix, key: key.description)
    }
  }

  private mutating func append(
    _ tensor: some TensorStorable,
    _ spec: TensorSpec,
    to shard: Int
  ) throws(CheckpointError) -> (ByteRange, CRC32C) {
    switch spec.dtype {
    case .string: return try shards[shard].append(strings: tensor.tensorSnapshot().strings ?? [])
    case .variant: return try shards[shard].append(variants: tensor.tensorSnapshot().strings ?? [])
    default:
      var place = ByteRange(offset: 0, count: 0)
      var checksum = CRC32C()
      try tensor.withTensorBytes { bytes throws(CheckpointError) in
        guard bytes.byteCount == spec.byteCount else {
          throw CheckpointError(
            .mismatch,
            "a tensor \(spec) takes \(spec.byteCount ?? 0) bytes, "
              + "the variable has \(bytes.byteCount)"
          )
        }
        (place, checksum) = try shards[shard].append(bytes)
      }
      return (place, checksum)
    }
  }

  // The key that the values are stored under. A part is noted in the entry of the whole tensor.
  private mutating func place(
    _ spec: TensorSpec,
    for key: TensorKey,
    _ part: SliceSpec?,
    shard: Int
  ) throws(CheckpointError) -> TensorKey {
    try Self.check(spec, for: key)
    guard let part else { return key }
    let region = try part.slice.region(in: part.fullShape)
    guard region.shape == spec.shape else {
      throw CheckpointError(
        .mismatch,
        "slice \(part.slice) of \(part.fullShape) has the shape \(region.shape), "
          + "the values have \(spec.shape)"
      )
    }
    guard region.shape != part.fullShape else { return key }  // all of it is no part
    let whole = TensorSpec(spec.dtype, part.fullShape)
    let first = BundleEntry(partitioned: whole, shard: shard, slices: [])
    try partitioned[key, default: first].add(part.slice, of: whole)
    return key.sliceKey(part.slice)
  }

  /// Makes the checkpoint appear, whole.
  ///
  /// - Throws: `duplicateName` if a key, or a part of it, was added twice; `invalidArgument` if
  ///   nothing was added; `io` if the system fails. The old checkpoint stands then.
  public mutating func finish() throws(CheckpointError) {
    precondition(!isFinished, "a checkpoint is finished once")
    isFinished = true
    try completeIndex()
    for shard in shards.indices { try shards[shard].commit() }
    try transaction.commit { file throws(CheckpointError) in try index.write(to: file) }
  }

  private mutating func completeIndex() throws(CheckpointError) {
    for (key, entry) in partitioned { index.add(key, entry) }
    if let key = index.sort() {
      throw CheckpointError(
        .duplicateName,
        "this key, or this part of it, was added twice",
        file: prefix,
        key: key.description
      )
    }
    guard !index.isEmpty else {
      throw CheckpointError(
        .invalidArgument,
        "a checkpoint holds one tensor at least",
        file: prefix
      )
    }
    for (key, entry) in partitioned {
      do throws(CheckpointError) {
        try TensorSlice.checkDisjoint(entry.slices, in: entry.spec.shape)
      } catch {
        throw error.located(file: prefix, key: key.description)
      }
    }
  }
}

extension BundleEntry {
  /// Lists another part of the same tensor.
  mutating func add(
    _ slice: TensorSlice,
    of whole: TensorSpec
  ) throws(CheckpointError) {
    guard spec == whole else {
      throw CheckpointError(
        .mismatch,
        "this part is of a tensor \(whole), those before are of \(spec)"
      )
    }
    slices.append(slice)
  }
}
