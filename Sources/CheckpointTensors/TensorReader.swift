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
///     let reader = try BundleReader(prefix: "run/ckpt-7")
///     for entry in try reader.entries() { print(entry.key, entry.spec) }
///     let kernel = try Tensor<Float>(reader.tensor(for: "dense/kernel"))
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
  /// - Throws: `corrupt` if what it says is damaged: damage is never taken for absence.
  func entry(for key: TensorKey) throws(CheckpointError) -> TensorEntry?

  /// Looks up several tensors, or parts of them, to be read together.
  ///
  /// The default asks for one after the other.
  ///
  /// - Parameter requests: The tensors, in any order; one that the checkpoint does not have is no error.
  /// - Returns: What the checkpoint says of them, ready to be read.
  /// - Throws: `corrupt` if what the checkpoint says of one of them is damaged.
  func batch(of requests: [TensorRequest]) throws(CheckpointError) -> any TensorBatch

  /// Reads the fixed-width elements of a tensor, or of a part of it, into memory of the caller.
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
  /// Looks one tensor up after the other.
  public func batch(of requests: [TensorRequest]) throws(CheckpointError) -> any TensorBatch {
    try SingleTensors(requests, of: self)
  }

  /// What the checkpoint says of several tensors; `nil` for those that it does not have.
  ///
  /// - Parameter keys: The keys, in any order.
  /// - Returns: An entry for each key, in the order of the keys.
  /// - Throws: `corrupt` if what it says is damaged.
  public func entries(for keys: [TensorKey]) throws(CheckpointError) -> [TensorEntry?] {
    try batch(of: keys.map { TensorRequest($0) }).entries()
  }

  /// Reads several tensors, or parts of them, into new memory.
  ///
  /// - Parameter requests: The tensors, in any order.
  /// - Returns: A tensor for each request, in the order of the requests.
  /// - Throws: As for ``read(_:slice:into:)``, for the first that cannot be read.
  public func tensors(for requests: [TensorRequest]) throws(CheckpointError) -> [AnyTensor] {
    try batch(of: requests).tensors()
  }

  /// Maps several tensors, or parts of them, as far as they can be.
  ///
  /// - Parameters:
  ///   - requests: The tensors, in any order.
  ///   - isChecked: Whether the checksums of mapped tensors are compared.
  /// - Returns: A tensor for each request, in the order of the requests.
  /// - Throws: As ``TensorBatch/mappedTensors(isChecked:)`` says.
  public func mappedTensors(for requests: [TensorRequest], isChecked: Bool) throws(CheckpointError)
    -> [AnyTensor]
  {
    try batch(of: requests).mappedTensors(isChecked: isChecked)
  }

  /// Every tensor, in byte order of the keys.
  ///
  /// - Throws: `corrupt` if the list cannot be read to its end.
  public func entries() throws(CheckpointError) -> [TensorEntry] {
    var entries: [TensorEntry] = []
    try forEachEntry { entries.append($0) }
    return entries
  }

  /// Reads a whole tensor into new memory.
  ///
  /// - Throws: As for ``read(_:slice:into:)``.
  public func tensor(for key: TensorKey) throws(CheckpointError) -> AnyTensor {
    try tensor(for: key, slice: nil)
  }

  /// What the checkpoint says of a tensor that is expected to be there.
  ///
  /// - Throws: `notFound` if there is none, naming the nearest keys; `corrupt` as for
  ///   ``entry(for:)``.
  public func requiredEntry(for key: TensorKey) throws(CheckpointError) -> TensorEntry {
    if let entry = try entry(for: key) { return entry }
    let nearest = NearestKeys(to: key, among: try entries().map(\.key))
    throw CheckpointError(.notFound, "no tensor has the key '\(key)'\(nearest.hint)", file: path)
  }
}
