public import CheckpointIO
public import CheckpointTensors

/// A checkpoint seen through a mapping: new names, changed values.
///
///     let reader = try MappedReader(CheckpointReader("bert/model.ckpt"), mapping)
///     for entry in try reader.entries() { print(entry.key, entry.spec) }
///
/// Making one reads the whole index, and no value.
package struct MappedReader: BatchReader {
  package let reader: any TensorReader
  private let index: MappedIndex

  /// Looks at a checkpoint through a mapping.
  ///
  /// - Throws: One error with every problem: `duplicateName` for two tensors that get one name,
  ///   `notFound` for a name in a rule that is not there, `mismatch` for a change that does not fit;
  ///   each says which rule; `corrupt` if the index is damaged.
  package init(_ reader: any TensorReader, _ mapping: KeyMapping) throws(CheckpointError) {
    self.reader = reader
    do throws(CheckpointError) {
      index = try MappedIndex(reader.entries(), mapping)
    } catch {
      throw error.located(file: reader.path)
    }
  }

  /// Where the checkpoint is.
  package var path: String { reader.path }

  /// Calls `body` with every tensor, in byte order of the new names.
  ///
  /// - Throws: What `body` throws.
  package func forEachEntry(_ body: (TensorEntry) throws(CheckpointError) -> Void)
    throws(CheckpointError)
  {
    for (key, recipe) in index.recipes.sorted(by: { $0.key < $1.key }) {
      try body(Self.entry(key, recipe))
    }
  }

  /// What a tensor of a new name is.
  package func entry(for key: TensorKey) throws(CheckpointError) -> TensorEntry? {
    index.recipes[key].map { Self.entry(key, $0) }
  }

  private static func entry(_ key: TensorKey, _ recipe: MappedIndex.Recipe) -> TensorEntry {
    if case .stored(var entry) = recipe {
      entry.key = key
      return entry
    }
    let byteCount = recipe.sources.reduce(0) { $0 &+ $1.byteCount }
    return TensorEntry(key: key, spec: recipe.spec, byteCount: byteCount)
  }

  /// Looks up several tensors; those that are only renamed are read together.
  ///
  /// - Throws: As ``BatchReader/lookUp(_:)`` says.
  package func lookUp(_ requests: [TensorRequest]) throws(CheckpointError) -> any TensorBatch {
    let stored = requests.compactMap { request in storedKey(request.key).map(request.renamed) }
    guard stored.count == requests.count else { return try SingleTensors(requests, of: self) }
    return RenamedBatch(try reader.batch(of: stored), keys: requests.map(\.key))
  }

  /// The names in the checkpoint of what a tensor of a new name is made of.
  package func sources(of key: TensorKey) -> [TensorKey] {
    index.recipes[key]?.sources.map(\.key) ?? []
  }

  /// Reads the elements of a tensor, or of a part of it, into memory of the caller.
  ///
  /// - Throws: As ``TensorReader/read(_:slice:into:)`` says.
  package func read(_ key: TensorKey, slice: TensorSlice?, into output: inout MutableRawSpan)
    throws(CheckpointError)
  {
    if let stored = storedKey(key) {
      try reader.read(stored, slice: slice, into: &output)
    } else {
      let storage = try numbers(key, slice, byteCount: output.byteCount)
      output.copy(storage.bytes, to: 0)
    }
  }

  /// The name in the checkpoint of a tensor whose values are not changed.
  package func storedKey(_ key: TensorKey) -> TensorKey? {
    if case .stored(let entry) = index.recipes[key] { entry.key } else { nil }
  }

  private func numbers(_ key: TensorKey, _ slice: TensorSlice?, byteCount: Int)
    throws(CheckpointError) -> TensorStorage
  {
    let tensor = try tensor(for: key, slice: slice)
    guard let storage = tensor.storage, storage.byteCount == byteCount else {
      throw CheckpointError(
        .mismatch, "a tensor \(tensor.spec) does not fit into \(byteCount) bytes", file: path,
        key: key.description)
    }
    return storage
  }

  /// Reads a tensor, or a part of it, into new memory.
  ///
  /// - Throws: As ``TensorReader/read(_:slice:into:)`` says.
  package func tensor(for key: TensorKey, slice: TensorSlice?) throws(CheckpointError) -> AnyTensor
  {
    guard let recipe = index.recipes[key] else {
      let hint = try hint(forMissing: key)
      throw CheckpointError(
        .notFound, "there is no such tensor\(hint)", file: path, key: key.description)
    }
    do throws(CheckpointError) {
      if case .stored(let entry) = recipe { return try reader.tensor(for: entry.key, slice: slice) }
      let tensor = try make(recipe)
      guard let slice else { return tensor }
      return try tensor.part(slice)
    } catch {
      throw error.located(file: path, key: key.description)
    }
  }

  private func make(_ recipe: MappedIndex.Recipe) throws(CheckpointError) -> AnyTensor {
    switch recipe {
    case .stored(let entry): return try reader.tensor(for: entry.key)
    case .transformed(.stored(let entry), .slice(let slice), _):
      return try reader.tensor(for: entry.key, slice: slice)  // the rest need not be read
    case .transformed(let source, let transform, _): return try transform.applied(to: make(source))
    case .joined(let parts, let axis, let spec): return try join(parts, axis, spec)
    }
  }

  private func join(_ parts: [MappedIndex.Recipe], _ axis: Int, _ spec: TensorSpec)
    throws(CheckpointError) -> AnyTensor
  {
    // Read before there is room for the whole: an index may promise what its files do not have.
    var tensors: [AnyTensor] = []
    for part in parts { tensors.append(try make(part)) }
    let whole = TensorRegion(all: spec.shape)
    var starts = whole.starts
    var joined = try TensorJoin(spec)
    for tensor in tensors {
      let place = TensorRegion(starts: starts, shape: tensor.spec.shape)
      try joined.add(tensor, ElementRuns(of: place, from: place, to: whole))
      starts[axis] += tensor.spec.shape[axis]
    }
    return try joined.tensor()
  }
}

extension MappedReader: FileBackedReader {
  /// Closes the files of what it reads until they are needed.
  package func closeFiles(keepsChecksum: Bool) {
    reader.closeFilesIfAny(keepsChecksum: keepsChecksum)
  }

  /// What has become of the checkpoint.
  package func change() throws(CheckpointError) -> FileChange? { try reader.changeIfAny() }
}

extension KeyMapping {
  /// A checkpoint seen through this mapping: new names, changed values.
  ///
  ///     let reader = try mapping.reader(over: CheckpointReader("bert/model.ckpt"))
  ///     for entry in try reader.entries() { print(entry.key, entry.spec) }
  ///
  /// Making one reads the whole index, and no value.
  ///
  /// - Parameter reader: The checkpoint.
  /// - Returns: A reader of the new names.
  /// - Throws: One error with every problem: `duplicateName` for two tensors that get one name,
  ///   `notFound` for a name in a rule that is not there, `mismatch` for a change that does not fit;
  ///   each says which rule; `corrupt` if the index is damaged.
  public func reader(over reader: any TensorReader) throws(CheckpointError) -> any TensorReader {
    try MappedReader(reader, self)
  }
}
