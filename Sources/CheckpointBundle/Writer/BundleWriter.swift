package import CheckpointIO
package import CheckpointTensors
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
package struct BundleWriter: ShardedTensorWriter {
  let prefix: String
  private let transaction: BundleTransaction
  var shards: [ShardWriter]
  var index: BundleIndex
  // The whole tensors, which list their parts.
  private var partitioned: [TensorKey: BundleEntry] = [:]
  // What was added; `nil` if a key that comes twice is found in the end.
  var keys: AddedKeys? = AddedKeys()
  private(set) var isFinished = false

  /// The paths of the files that ``finish()`` makes appear: data files, then the index.
  package var files: [String] { transaction.files }

  /// Begins a checkpoint.
  ///
  /// No more than 96 data files are open at once: those that were written to last. With more of them, writing to
  /// and fro takes longer than writing one after the other.
  ///
  /// - Parameters:
  ///   - prefix: What the names of its files begin with.
  ///   - shardByteCounts: For each data file how many bytes it will take, as far as known; 0 if not.
  ///   - options: How the files are written.
  /// - Throws: `busy` if somebody else is saving to this prefix; `io` if the system fails, for want
  ///   of room among other things.
  package init(
    prefix: String, shardByteCounts: [UInt64] = [0], options: FileOptions = FileOptions()
  )
    throws(CheckpointError)
  {
    try self.init(prefix, shardByteCounts, options, OutputPool())
  }

  /// The same with a pool of the caller's, which says how many data files are open at once.
  package init(
    _ prefix: String, _ shardByteCounts: [UInt64], _ options: FileOptions, _ pool: OutputPool
  ) throws(CheckpointError) {
    let prefix = try PathText.path(prefix)
    guard (1...99_999).contains(shardByteCounts.count) else {
      throw CheckpointError(
        .invalidArgument, "\(shardByteCounts.count) data files; 1 to 99999 are possible",
        file: prefix)
    }
    let transaction = try BundleTransaction(
      prefix: prefix, shardCount: shardByteCounts.count, options: options)
    try self.init(
      transaction, prefix, shardByteCounts, options, pool, countedShards: transaction.shardCount)
  }

  /// Begins to write some of the data files of a save.
  ///
  /// - Parameters:
  ///   - transaction: The save.
  ///   - prefix: What the names of its files begin with.
  ///   - shardByteCounts: For each data file how many bytes it will take, as far as known.
  ///   - options: How the files are written.
  ///   - pool: What keeps them open.
  ///   - firstShard: The number of the first one.
  ///   - countedShards: How many there are, as the index says.
  /// - Throws: `io` if the system fails.
  init(
    _ transaction: BundleTransaction, _ prefix: String, _ shardByteCounts: [UInt64],
    _ options: FileOptions, _ pool: OutputPool, firstShard: Int = 0, countedShards: Int
  ) throws(CheckpointError) {
    var shards: [ShardWriter] = []
    for (shard, byteCount) in shardByteCounts.enumerated() {
      let file = try pool.add { () throws(CheckpointError) in
        try transaction.createDataFile(firstShard + shard)
      }
      shards.append(
        try ShardWriter(file, in: pool, expectedByteCount: byteCount, alignment: options.alignment))
    }
    self.prefix = prefix
    self.transaction = transaction
    self.shards = shards
    index = BundleIndex(header: BundleHeader(shardCount: countedShards))
  }

  /// Says that all tensors, or parts of them, that will be added are known, and how many they are.
  ///
  /// Memory is asked for once, and no key is looked up: one that comes twice all the same is refused by
  /// ``finish()``, with `duplicateName`, and no longer when it is added. For plans, whose keys are made apart.
  package mutating func expect(_ count: Int) {
    index.reserveCapacity(count)
    keys = nil
  }

  /// Adds a tensor, or a part of one, to a data file.
  ///
  /// - Parameters:
  ///   - tensor: The values.
  ///   - key: The key.
  ///   - part: Where the values belong, if they are a part of a partitioned tensor.
  ///   - shard: Which data file, from 0 on.
  /// - Throws: As ``TensorWriter/add(_:for:part:)`` says, and `invalidArgument` for a data file that
  ///   there is not.
  package mutating func add(
    _ tensor: some TensorStorable, for key: TensorKey, part: TensorSlice.Part?, shard: Int
  ) throws(CheckpointError) {
    do throws(CheckpointError) {
      guard !isFinished else { throw .writerIsFinished }
      guard shards.indices.contains(shard) else { throw .noShard(shard, of: shards.count) }
      let spec = tensor.tensorSpec
      try Self.check(spec, for: key)
      let part = try Self.properPart(part, spec)
      let storedKey = try place(spec, for: key, part)
      let (range, checksum) = try append(tensor, spec, to: shard)
      index.add(
        storedKey, BundleEntry(spec: spec, shard: shard, range: range, maskedCRC: checksum.masked))
      keys?.insert(storedKey)
      if let part { note(part, of: key, spec.dtype, shard: shard) }
    } catch {
      throw error.located(file: prefix, key: key.description)
    }
  }

  private mutating func append(_ tensor: some TensorStorable, _ spec: TensorSpec, to shard: Int)
    throws(CheckpointError) -> (ByteRange, CRC32C)
  {
    switch spec.dtype {
    case .string: return try shards[shard].append(strings: Self.strings(of: tensor, spec))
    case .variant: return try shards[shard].append(variants: Self.strings(of: tensor, spec))
    default:
      var place = ByteRange(offset: 0, count: 0)
      var checksum = CRC32C()
      try tensor.withTensorBytes { bytes throws(CheckpointError) in
        guard bytes.byteCount == spec.byteCount else {
          throw CheckpointError(
            .mismatch,
            "a tensor \(spec) takes \(spec.byteCount ?? 0) bytes, "
              + "the variable has \(bytes.byteCount)")
        }
        (place, checksum) = try shards[shard].append(bytes)
      }
      return (place, checksum)
    }
  }

  private static func strings(of tensor: some TensorStorable, _ spec: TensorSpec)
    throws(CheckpointError) -> [[UInt8]]
  {
    let snapshot = try tensor.tensorSnapshot()
    guard snapshot.spec == spec, let strings = snapshot.strings else {
      throw CheckpointError(
        .mismatch, "the variable is \(spec), its values are \(snapshot.spec)")
    }
    return strings
  }

  // Where the values belong, if they are less than all of the tensor.
  private static func properPart(_ part: TensorSlice.Part?, _ spec: TensorSpec)
    throws(CheckpointError)
    -> TensorSlice.Part?
  {
    guard let part else { return nil }
    return try part.place(of: spec).shape == part.fullShape ? nil : part
  }

  // The key that the values are stored under.
  private func place(_ spec: TensorSpec, for key: TensorKey, _ part: TensorSlice.Part?)
    throws(CheckpointError) -> TensorKey
  {
    guard let part else { return try unused(key) }
    let sliceKey = key.sliceKey(part.slice)
    guard !isAdded(key), !isAdded(sliceKey) else { throw .addedTwice }
    let whole = TensorSpec(spec.dtype, part.fullShape)
    try partitioned[key]?.check(whole)
    return sliceKey
  }

  /// The key of a whole tensor, if neither it nor a part of it was added.
  func unused(_ key: TensorKey) throws(CheckpointError) -> TensorKey {
    guard !isAdded(key), partitioned[key] == nil else { throw .addedTwice }
    return key
  }

  private func isAdded(_ key: TensorKey) -> Bool { keys?.contains(key) ?? false }

  // A part is listed in the entry of the whole tensor.
  private mutating func note(
    _ part: TensorSlice.Part, of key: TensorKey, _ dtype: DType, shard: Int
  ) {
    let whole = TensorSpec(dtype, part.fullShape)
    let first = BundleEntry(partitioned: whole, shard: shard, slices: [])
    partitioned[key, default: first].slices.append(part.slice)
  }

  /// Makes the checkpoint appear, whole.
  ///
  /// - Throws: `mismatch` if parts overlap; `duplicateName` for a key that comes twice after ``expect(_:)``;
  ///   `invalidArgument` if nothing was added, and if the writer is finished already; `io` if the system
  ///   fails. The old checkpoint stands then.
  package mutating func finish() throws(CheckpointError) {
    guard !isFinished else { throw .writerIsFinished.located(file: prefix) }
    isFinished = true
    try completeIndex()
    for shard in shards.indices { try shards[shard].commit() }
    try transaction.commit { file throws(CheckpointError) in try index.write(to: file) }
  }

  /// Makes the data files appear; somebody else makes the checkpoint of several parts appear.
  ///
  /// - Returns: What to tell him.
  /// - Throws: As ``finish()``.
  package mutating func finishPart() throws(CheckpointError) -> BundlePart {
    guard !isFinished else { throw .writerIsFinished.located(file: prefix) }
    isFinished = true
    try completeIndex()
    for shard in shards.indices { try shards[shard].commit() }
    let part = BundlePart(index: try index.bytes(), byteCounts: shards.map(\.byteCount))
    transaction.handOver()
    return part
  }

  private mutating func completeIndex() throws(CheckpointError) {
    for (key, entry) in partitioned { index.add(key, entry) }
    if let key = index.sort() {  // of what was expected: else it is refused when it is added
      let name = key.asSliceKey?.name ?? key
      throw .addedTwice.located(file: prefix, key: name.description)
    }
    guard !index.isEmpty else {
      throw CheckpointError(
        .invalidArgument, "a checkpoint holds one tensor at least", file: prefix)
    }
    for (key, entry) in partitioned {
      do throws(CheckpointError) {
        _ = try StoredParts(entry.slices, of: entry.spec.shape)
      } catch {
        throw error.located(file: prefix, key: key.description)
      }
    }
  }
}

extension BundleEntry {
  /// Lists another part of the same tensor.
  mutating func add(_ slice: TensorSlice, of whole: TensorSpec) throws(CheckpointError) {
    try check(whole)
    slices.append(slice)
  }

  fileprivate func check(_ whole: TensorSpec) throws(CheckpointError) {
    guard spec == whole else {
      throw CheckpointError(
        .mismatch, "this part is of a tensor \(whole), those before are of \(spec)")
    }
  }
}
