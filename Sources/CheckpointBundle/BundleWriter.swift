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
public struct BundleWriter: TensorWriter {
  let prefix: String
  private let transaction: BundleTransaction
  let shards: [ShardWriter]
  var entries: [(key: TensorKey, entry: BundleEntry)] = []
  private var partitioned: [TensorKey: Int] = [:]  // where in `entries` the whole tensors are
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
  }

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
      let storedKey = try place(tensor.tensorSpec, for: key, part, shard: shard)
      let (range, checksum) = try append(tensor, to: shards[shard])
      let entry = BundleEntry(
        spec: tensor.tensorSpec,
        shard: shard,
        range: range,
        maskedCRC: checksum.masked
      )
      entries.append((storedKey, entry))
    } catch {
      throw error.located(file: prefix, key: key.description)
    }
  }

  private func append(
    _ tensor: some TensorStorable,
    to shard: ShardWriter
  ) throws(CheckpointError) -> (ByteRange, CRC32C) {
    let spec = tensor.tensorSpec
    switch spec.dtype {
    case .string: return try shard.append(strings: tensor.tensorSnapshot().strings ?? [])
    case .variant: return try shard.append(variants: tensor.tensorSnapshot().strings ?? [])
    default:
      return try tensor.withTensorBytes { bytes throws(CheckpointError) in
        guard bytes.byteCount == spec.byteCount else {
          throw CheckpointError(
            .mismatch,
            "a tensor \(spec) takes \(spec.byteCount ?? 0) bytes, "
              + "the variable has \(bytes.byteCount)"
          )
        }
        return try shard.append(bytes)
      }
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
    if let index = partitioned[key] {
      try entries[index].entry.add(part.slice, of: whole)
    } else {
      partitioned[key] = entries.count
      entries.append((key, BundleEntry(partitioned: whole, shard: shard, slices: [part.slice])))
    }
    return key.sliceKey(part.slice)
  }

  /// Makes the checkpoint appear, whole.
  ///
  /// - Throws: `duplicateName` if a key, or a part of it, was added twice; `invalidArgument` if
  ///   nothing was added; `io` if the system fails. The old checkpoint stands then.
  public mutating func finish() throws(CheckpointError) {
    precondition(!isFinished, "a checkpoint is finished once")
    isFinished = true
    try sortEntries()
    for shard in shards { try shard.commit() }
    let header = BundleHeader(shardCount: transaction.shardCount)
    try transaction.commit { file throws(CheckpointError) in
      try BundleIndex(header: header, entries: self.entries).write(to: file)
    }
  }

  private mutating func sortEntries() throws(CheckpointError) {
    guard !entries.isEmpty else {
      throw CheckpointError(
        .invalidArgument,
        "a checkpoint holds one tensor at least",
        file: prefix
      )
    }
    if !isAscending { entries.sort { $0.key < $1.key } }  // most often they are
    guard isAscending else { throw duplicate }
    for index in partitioned.isEmpty ? 0..<0 : entries.indices {
      let (key, entry) = entries[index]
      guard !entry.slices.isEmpty else { continue }
      do throws(CheckpointError) {
        try TensorSlice.checkDisjoint(entry.slices, in: entry.spec.shape)
      } catch {
        throw error.located(file: prefix, key: key.description)
      }
    }
  }

  // Whether each key comes after the one before.
  private var isAscending: Bool {
    let entries = entries.span
    for index in 1..<entries.count
    where !entries[index - 1].key.bytes.span.precedes(entries[index].key.bytes.span) {
      return false
    }
    return true
  }

  private var duplicate: CheckpointError {
    let pair = zip(entries, entries.dropFirst()).first { $0.key == $1.key }
    return CheckpointError(
      .duplicateName,
      "this key, or this part of it, was added twice",
      file: prefix,
      key: pair?.0.key.description
    )
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
