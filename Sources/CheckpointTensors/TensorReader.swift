public import CheckpointIO

/// What a checkpoint says of one of its tensors, without the values.
public struct TensorEntry: Hashable, Sendable {
  /// The key.
  public var key: TensorKey
  /// The dtype and the shape of the whole tensor.
  public var spec: TensorSpec
  /// How many bytes the values take in the files.
  public var byteCount: UInt64
  /// The data file that holds it, counted from 0; `nil` if it is in parts.
  public var shard: Int?
  /// The parts it is stored in, as listed; empty if it is stored whole.
  public var slices: [TensorSlice]

  /// Creates an entry.
  public init(
    key: TensorKey, spec: TensorSpec, byteCount: UInt64, shard: Int? = nil,
    slices: [TensorSlice] = []
  ) {
    self.key = key
    self.spec = spec
    self.byteCount = byteCount
    self.shard = shard
    self.slices = slices
  }
}

/// A checkpoint that tensors can be read from, whatever its format.
///
///     let reader = try CheckpointReader("run/ckpt-7")
///     for entry in try reader.entries() { print(entry.key, entry.spec) }
///     let kernel = try Tensor<Float>(reader.tensor(for: "dense/kernel"))
///
/// A format of one's own is a type with three members, ``path``, ``forEachEntry(_:)`` and
/// ``tensor(for:slice:)``; the others have defaults. A `KeyMapping` is laid over it, its tensors are
/// compared with those of another, and written to a checkpoint.
///
/// Readers may be used by several threads at once.
/// Source of the abstraction: tensorflow/core/util/tensor_bundle/tensor_bundle.h, `BundleReader`.
public protocol TensorReader: Sendable {
  /// Where the checkpoint is: its prefix or path.
  var path: String { get }

  /// Calls `body` with every tensor, in byte order of the keys.
  ///
  /// - Throws: What `body` throws; `corrupt` if the list cannot be read to its end: it is never
  ///   shortened silently.
  func forEachEntry(_ body: (TensorEntry) throws(CheckpointError) -> Void) throws(CheckpointError)

  /// Every tensor, in byte order of the keys.
  ///
  /// The default gathers what ``forEachEntry(_:)`` gives.
  ///
  /// - Throws: `corrupt` if the list cannot be read to its end.
  func entries() throws(CheckpointError) -> [TensorEntry]

  /// What the checkpoint says of one tensor; `nil` if it has none of this key.
  ///
  /// The default looks through the whole list.
  ///
  /// - Throws: `corrupt` if what it says is damaged: damage is never taken for absence.
  func entry(for key: TensorKey) throws(CheckpointError) -> TensorEntry?

  /// Reads the fixed-width elements of a tensor, or of a part of it, into memory of the caller.
  ///
  /// The default copies what ``tensor(for:slice:)`` gives.
  ///
  /// - Parameters:
  ///   - key: The key.
  ///   - slice: The part; `nil` reads everything.
  ///   - output: Room for exactly these elements: row-major, in this machine's byte order.
  /// - Throws: `notFound` without such a key; `mismatch` for a slice that leaves the tensor's shape,
  ///   for room of another size, or for elements without fixed width; `corrupt` for a wrong
  ///   checksum. After an error the content of `output` is undefined.
  func read(_ key: TensorKey, slice: TensorSlice?, into output: inout MutableRawSpan)
    throws(CheckpointError)

  /// Reads a tensor, or a part of it, into new memory.
  ///
  /// - Throws: As for ``read(_:slice:into:)``.
  func tensor(for key: TensorKey, slice: TensorSlice?) throws(CheckpointError) -> AnyTensor
}

extension TensorReader {
  /// Every tensor, in byte order of the keys.
  ///
  /// - Throws: `corrupt` if the list cannot be read to its end.
  public func entries() throws(CheckpointError) -> [TensorEntry] {
    var entries: [TensorEntry] = []
    try forEachEntry { entries.append($0) }
    return entries
  }

  /// What the list of all tensors says of one.
  ///
  /// - Throws: As ``entries()`` says.
  public func entry(for key: TensorKey) throws(CheckpointError) -> TensorEntry? {
    var found: TensorEntry?
    try forEachEntry { if $0.key == key { found = $0 } }
    return found
  }

  /// Copies a tensor, or a part of it, from new memory into that of the caller.
  ///
  /// - Throws: As ``tensor(for:slice:)`` says; `mismatch` for room of another size, or for elements
  ///   without fixed width.
  public func read(_ key: TensorKey, slice: TensorSlice?, into output: inout MutableRawSpan)
    throws(CheckpointError)
  {
    let tensor = try tensor(for: key, slice: slice)
    guard let storage = tensor.storage, storage.byteCount == output.byteCount else {
      throw CheckpointError(
        .mismatch, "a tensor \(tensor.spec) does not fit into \(output.byteCount) bytes",
        file: path,
        key: key.description)
    }
    output.copy(storage.bytes, to: 0)
  }

  /// Reads a whole tensor into new memory.
  ///
  /// - Throws: As for ``read(_:slice:into:)``.
  public func tensor(for key: TensorKey) throws(CheckpointError) -> AnyTensor {
    try tensor(for: key, slice: nil)
  }

  /// What the checkpoint says of a tensor that is expected to be there.
  ///
  /// - Throws: `notFound` if there is none, naming the nearest keys, or the tensor that
  ///   has it as a slice; `corrupt` as for ``entry(for:)``.
  public func requiredEntry(for key: TensorKey) throws(CheckpointError) -> TensorEntry {
    if let entry = try entry(for: key) { return entry }
    let hint = try hint(forMissing: key)
    throw CheckpointError(.notFound, "no tensor has the key '\(key)'\(hint)", file: path)
  }
}
