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
    key: TensorKey,
    spec: TensorSpec,
    byteCount: UInt64,
    shard: Int? = nil,
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
  func forEachEntry(
    _ body: (TensorEntry) throws(CheckpointError) -> Void
  ) throws(CheckpointError)

  /// What the checkpoint says of one tensor; `nil` if it has none of this key.
  ///
  /// - Throws: `corrupt` if what it says is damaged: damage is never taken for absence.
  func entry(for key: TensorKey) throws(CheckpointError) -> TensorEntry?

  /// What the checkpoint says of several tensors; `nil` for those that it does not have.
  ///
  /// The default asks for one after the other.
  ///
  /// - Parameter keys: The keys, in any order.
  /// - Returns: An entry for each key, in the order of the keys.
  /// - Throws: `corrupt` if what it says is damaged.
  func entries(for keys: [TensorKey]) throws(CheckpointError) -> [TensorEntry?]

  /// Reads several tensors, or parts of them, into new memory.
  ///
  /// The default reads one after the other.
  ///
  /// - Parameter requests: The tensors, in any order.
  /// - Returns: A tensor for each request, in the order of the requests.
  /// - Throws: As for ``read(_:slice:into:)``, for the first that cannot be read.
  func tensors(for requests: [TensorRequest]) throws(CheckpointError) -> [AnyTensor]

  /// As ``tensors(for:)``, but without reading: the tensors are views of the mapped files, as far as
  /// they lie there as they are wanted in memory. Writing to one copies it.
  ///
  /// The default reads them.
  ///
  /// - Parameters:
  ///   - requests: The tensors, in any order.
  ///   - isChecked: Whether the checksums of mapped tensors are compared, which reads the files once.
  /// - Returns: A tensor for each request, in the order of the requests.
  /// - Throws: As ``tensors(for:)`` does; without the checksums, damage is not noticed.
  func mappedTensors(
    for requests: [TensorRequest],
    isChecked: Bool
  ) throws(CheckpointError) -> [AnyTensor]

  /// Offers several tensors, or parts of them, one after the other, in the order in which they are
  /// read fastest.
  ///
  /// The default goes in the order of the requests.
  ///
  /// - Parameters:
  ///   - requests: The tensors.
  ///   - body: Called once for each request, with its position; it reads the tensor, or does not.
  /// - Throws: What `body` throws, with the tensor's key; `notFound` without such a key.
  func forEachTensor(
    of requests: [TensorRequest],
    _ body: (_ position: Int, _ source: any TensorSource) throws(CheckpointError) -> Void
  ) throws(CheckpointError)

  /// Reads the fixed-width elements of a tensor, or of a part of it, into memory of the caller.
  ///
  /// - Parameters:
  ///   - key: The key.
  ///   - slice: The part; `nil` reads everything.
  ///   - output: Room for exactly these elements: row-major, in this machine's byte order.
  /// - Throws: `notFound` without such a key; `mismatch` for a slice that leaves the tensor's shape,
  ///   for room of another size, or for elements without fixed width; `corrupt` for a wrong
  ///   checksum. After an error the content of `output` is undefined.
  func read(
    _ key: TensorKey,
    slice: TensorSlice?,
    into output: inout MutableRawSpan
  ) throws(CheckpointError)

  /// Reads a tensor, or a part of it, into new memory.
  ///
  /// - Throws: As for ``read(_:slice:into:)``.
  func tensor(for key: TensorKey, slice: TensorSlice?) throws(CheckpointError) -> AnyTensor
}

/// A tensor of a checkpoint that can be read now, or a part of one.
public protocol TensorSource {
  /// Reads the fixed-width elements into memory of the caller.
  ///
  /// - Throws: As for ``TensorReader/read(_:slice:into:)``.
  func read(into output: inout MutableRawSpan) throws(CheckpointError)

  /// Reads the tensor into new memory.
  ///
  /// - Throws: As for ``TensorReader/read(_:slice:into:)``.
  func tensor() throws(CheckpointError) -> AnyTensor
}

/// A tensor that is looked up when it is read.
private struct RequestedSource: TensorSource {
  let reader: any TensorReader
  let request: TensorRequest

  func read(into output: inout MutableRawSpan) throws(CheckpointError) {
    try reader.read(request.key, slice: request.slice, into: &output)
  }

  func tensor() throws(CheckpointError) -> AnyTensor {
    try reader.tensor(for: request.key, slice: request.slice)
  }
}

/// A tensor that is to be read, or a part of it.
public struct TensorRequest: Hashable, Sendable {
  /// The key.
  public var key: TensorKey
  /// The part; `nil` for everything.
  public var slice: TensorSlice?

  /// Creates a request.
  public init(_ key: TensorKey, slice: TensorSlice? = nil) {
    self.key = key
    self.slice = slice
  }
}

extension TensorReader {
  /// Asks for one entry after the other.
  public func entries(for keys: [TensorKey]) throws(CheckpointError) -> [TensorEntry?] {
    var entries: [TensorEntry?] = []
    for key in keys { entries.append(try entry(for: key)) }
    return entries
  }

  /// Reads one tensor after the other.
  public func tensors(for requests: [TensorRequest]) throws(CheckpointError) -> [AnyTensor] {
    var tensors: [AnyTensor] = []
    for request in requests { tensors.append(try tensor(for: request.key, slice: request.slice)) }
    return tensors
  }

  /// Reads the tensors: nothing is mapped.
  public func mappedTensors(
    for requests: [TensorRequest],
    isChecked: Bool
  ) throws(CheckpointError) -> [AnyTensor] {
    try tensors(for: requests)
  }

  /// Offers the tensors in the order of the requests.
  public func forEachTensor(
    of requests: [TensorRequest],
    _ body: (_ position: Int, _ source: any TensorSource) throws(CheckpointError) -> Void
  ) throws(CheckpointError) {
    for (position, request) in requests.enumerated() {
      do throws(CheckpointError) {
        try body(position, RequestedSource(reader: self, request: request))
      } catch {
        throw error.located(file: path, key: request.key.description)
      }
    }
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
    throw CheckpointError(
      .notFound,
      "no tensor has the key '\(key)'\(nearest.hint)",
      file: path
    )
  }
}
