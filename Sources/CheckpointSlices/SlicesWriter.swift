package import CheckpointIO
package import CheckpointTensors

/// A V1 checkpoint being written, byte for byte as TensorFlow writes it.
///
/// For programs that read nothing newer; V2 is better in every respect.
///
///     var writer = try SlicesWriter(path: "run/model.ckpt-1000")
///     try writer.add(Tensor<Float>([1, 2, 3]), for: "dense/bias")
///     try writer.finish()
///
/// The file begins with the list of its tensors and is sorted by their names, so that nothing can be
/// written before everything is known: the tensors are kept until ``finish()``. A `Tensor` or
/// `AnyTensor` shares its memory; of others there is a copy. Then one record after the other is
/// encoded, and twice its size is what that takes.
///
/// A file that stands at the path already stays until ``finish()`` replaces it in one step. Several
/// shards cannot be replaced so, and there is no index that would tell which belong together: a
/// complete sharded checkpoint is never overwritten. If the process dies while the shards get their
/// names, some of them are missing, which every reader of the pattern reports; each that is there is
/// complete.
/// Source: tensorflow/core/util/tensor_slice_writer.cc, `TensorSliceWriter`.
package struct SlicesWriter: ShardedTensorWriter {
  /// What to give a ``SlicesReader``: the path, or the pattern for all shards.
  package let path: String
  /// The paths of the files that ``finish()`` makes appear.
  package let files: [String]
  private let transaction: SlicesTransaction
  private var shards: [SlicesContent]
  private var added: [TensorKey: Added] = [:]
  private var isFinished = false

  /// What was added of a tensor: all of it, or parts.
  private struct Added {
    let spec: TensorSpec
    var parts: Set<TensorSlice> = []
  }

  /// Begins a checkpoint of one file.
  ///
  /// - Parameters:
  ///   - path: The name of the file.
  ///   - options: How it is written.
  /// - Throws: `busy` if somebody else is saving there; `io` if the system fails.
  package init(path: String, options: FileOptions = FileOptions()) throws(CheckpointError) {
    let path = try PathText.path(path)
    self.init(path: path, files: [path], try SlicesTransaction(path: path, options: options))
  }

  /// Begins a checkpoint of several files.
  ///
  /// - Parameters:
  ///   - prefix: What their names begin with.
  ///   - shardCount: How many there are: `prefix-00000-of-00002` and so on. One shard, too, has such a
  ///     name.
  ///   - options: How they are written.
  /// - Throws: `invalidArgument` for fewer than 1 or more than 99999 shards; `unsupported` if all of
  ///   these files exist already; `busy` if somebody else is saving there; `io` if the system fails.
  package init(prefix: String, shardCount: Int, options: FileOptions = FileOptions())
    throws(CheckpointError)
  {
    guard (1...SlicesPath.largestShardCount).contains(shardCount) else {
      throw CheckpointError(
        .invalidArgument, "\(shardCount) shards; 1 to \(SlicesPath.largestShardCount) are possible",
        file: prefix)
    }
    let sharded = SlicesPath(prefix: try PathText.path(prefix), shardCount: shardCount)
    self.init(
      path: sharded.pattern, files: sharded.shards, try SlicesTransaction(sharded, options: options)
    )
  }

  /// How many bytes numbers take at least, which are stored in as few as each needs; `nil` of strings.
  package static func leastByteCount(of spec: TensorSpec) -> UInt64? {
    guard spec.dtype.byteWidth != nil, let list = TensorValueList(spec.dtype) else { return nil }
    return UInt64(spec.shape.elementCount).multiplied(by: UInt64(list.leastByteCount)) ?? .max
  }

  private init(path: String, files: [String], _ transaction: SlicesTransaction) {
    self.path = path
    self.files = files
    self.transaction = transaction
    shards = Array(repeating: SlicesContent(), count: files.count)
  }

  /// Adds a tensor, or a part of one, to a file.
  ///
  /// - Parameters:
  ///   - tensor: The values, as they are now.
  ///   - key: The key: text, and not empty.
  ///   - part: Where the values belong, if they are a part of a partitioned tensor.
  ///   - shard: Which file, from 0 on.
  /// - Throws: `unsupported` for a dtype that V1 cannot hold, for more than 8 dimensions, and for a key that is
  ///   not UTF-8; `limitExceeded` for a tensor of 2 GiB or more; `duplicateName` for a key, or a part of it, that
  ///   was added already; `mismatch` if parts of one tensor disagree; `invalidArgument` for a file that
  ///   there is not, and if the writer is finished.
  package mutating func add(
    _ tensor: some TensorStorable, for key: TensorKey, part: TensorSlice.Part?, shard: Int
  ) throws(CheckpointError) {
    try add(tensor.tensorSpec, for: key, part: part, shard: shard) {
      record throws(CheckpointError) in
      try StoredTensor(tensor, record: record)
    }
  }

  /// Adds a tensor, or a part of one, whose values are asked for when its record is written.
  ///
  /// So nothing is kept but what is known of the tensors. The values are asked for in the order of the
  /// records, one tensor after the other, by ``finish()``.
  ///
  /// - Parameters:
  ///   - spec: The dtype and the shape of the values.
  ///   - key: The key.
  ///   - part: Where the values belong, if they are a part of a partitioned tensor.
  ///   - values: Gives the values.
  /// - Throws: As ``add(_:for:part:shard:)`` says.
  package mutating func add(
    _ spec: TensorSpec, for key: TensorKey, part: TensorSlice.Part?,
    values: @escaping () throws(CheckpointError) -> AnyTensor
  ) throws(CheckpointError) {
    try add(spec, for: key, part: part, shard: 0) { record throws(CheckpointError) in
      try StoredTensor(spec, record: record, values: values)
    }
  }

  /// Whether a tensor, or a part of one, can be held: what ``add(_:for:part:)`` would throw.
  package static func check(_ spec: TensorSpec, for key: TensorKey, part: TensorSlice.Part?)
    throws(CheckpointError)
  {
    try check(key)
    let record = SavedSliceRecord(key: key, slice: try slice(spec, part))
    try StoredTensor.check(spec, record)
  }

  private mutating func add(
    _ spec: TensorSpec, for key: TensorKey, part: TensorSlice.Part?, shard: Int,
    _ stored: (SavedSliceRecord) throws(CheckpointError) -> StoredTensor
  ) throws(CheckpointError) {
    do throws(CheckpointError) {
      guard !isFinished else { throw .writerIsFinished }
      guard shards.indices.contains(shard) else { throw .noShard(shard, of: shards.count) }
      try Self.check(key)
      let slice = try Self.slice(spec, part)
      let stored = try stored(SavedSliceRecord(key: key, slice: slice))
      let whole = TensorSpec(spec.dtype, part?.fullShape ?? spec.shape)
      try note(whole, of: key, spec.shape == whole.shape ? nil : slice)
      shards[shard].append(stored, of: whole)
    } catch {
      throw error.located(file: path, key: key.description)
    }
  }

  private static func check(_ key: TensorKey) throws(CheckpointError) {
    guard !key.bytes.isEmpty else {
      throw CheckpointError(.invalidArgument, "a tensor needs a name")
    }
    guard key.string != nil else {
      throw CheckpointError(
        .unsupported, "TensorFlow reads no V1 checkpoint with a name that is not UTF-8; save as V2")
    }
  }

  private static func slice(_ spec: TensorSpec, _ part: TensorSlice.Part?) throws(CheckpointError)
    -> TensorSlice
  {
    guard let part else { return .all(rank: spec.shape.rank) }
    _ = try part.place(of: spec)
    return part.slice
  }

  private mutating func note(_ spec: TensorSpec, of key: TensorKey, _ part: TensorSlice?)
    throws(CheckpointError)
  {
    guard let known = added[key] else {
      added[key] = Added(spec: spec, parts: part.map { [$0] } ?? [])
      return
    }
    guard let part, !known.parts.isEmpty else { throw .addedTwice }
    guard known.spec == spec else {
      throw CheckpointError(
        .mismatch, "this part is of a tensor \(spec), those before are of \(known.spec)")
    }
    guard added[key]?.parts.insert(part).inserted == true else { throw .addedTwice }
  }

  /// Makes the checkpoint appear, whole.
  ///
  /// - Throws: `mismatch` if parts overlap; `invalidArgument` if nothing was added, and if the writer
  ///   is finished already; `io` if the system fails. What stood there stands then, but for shards: of
  ///   these some may have got their names.
  package mutating func finish() throws(CheckpointError) {
    guard !isFinished else { throw .writerIsFinished.located(file: path) }
    isFinished = true
    do throws(CheckpointError) {
      try checkSlices()
    } catch {
      throw error.located(file: path)
    }
    var contents = shards
    shards = []
    try transaction.commit { shard, file throws(CheckpointError) in
      try contents[shard].write(to: file)
      contents[shard] = SlicesContent()  // its tensors are not needed any more
    }
  }

  private func checkSlices() throws(CheckpointError) {
    guard !added.isEmpty else {
      throw CheckpointError(.invalidArgument, "a checkpoint holds one tensor at least")
    }
    var slices: [TensorKey: [TensorSlice]] = [:]
    for tensor in shards.flatMap(\.meta) { slices[tensor.key, default: []] += tensor.slices }
    for (key, slices) in slices where slices.count > 1 {
      do throws(CheckpointError) {
        _ = try StoredParts(slices, of: added[key]?.spec.shape ?? .scalar)
      } catch {
        throw error.located(key: key.description)
      }
    }
  }
}
