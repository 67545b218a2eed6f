package import CheckpointIO
internal import Synchronization

/// A tensor that is to be read, or a part of it.
package struct TensorRequest: Hashable, Sendable {
  /// The key.
  package var key: TensorKey
  /// The part; `nil` for everything.
  package var slice: TensorSlice?
  /// Whether no more is to be read than the part, even where that leaves a checksum uncompared.
  package var readsOnlyPart: Bool

  /// Creates a request.
  package init(_ key: TensorKey, slice: TensorSlice? = nil, readsOnlyPart: Bool = false) {
    self.key = key
    self.slice = slice
    self.readsOnlyPart = readsOnlyPart
  }

  /// The same of a tensor of another key.
  package func renamed(_ key: TensorKey) -> TensorRequest {
    TensorRequest(key, slice: slice, readsOnlyPart: readsOnlyPart)
  }
}

/// Several tensors of a checkpoint that are asked for together: looked up once, then compared, then
/// read in the order in which that is fastest.
///
///     let batch = try reader.batch(of: [TensorRequest("dense/kernel"), TensorRequest("dense/bias")])
///     if batch.spec(at: 0) == TensorSpec(.float32, [784, 10]) { use(try batch.tensors()) }
///
/// Tensors are numbered in the order of the requests.
package protocol TensorBatch: Sendable {
  /// The dtype and the shape of a whole tensor; `nil` if the checkpoint does not have it.
  func spec(at position: Int) -> TensorSpec?

  /// The parts that a tensor is stored in; empty if it is stored whole, or not at all.
  func slices(at position: Int) -> [TensorSlice]

  /// All that the checkpoint says of each tensor; `nil` for those that it does not have.
  ///
  /// - Throws: `corrupt` if what it says is damaged.
  func entries() throws(CheckpointError) -> [TensorEntry?]

  /// Some of the tensors, in the given order.
  func selecting(_ positions: [Int]) -> any TensorBatch

  /// Reads the tensors into new memory.
  ///
  /// - Throws: As for ``TensorReader/read(_:slice:into:)``, for the first that cannot be read.
  func tensors() throws(CheckpointError) -> [AnyTensor]

  /// As ``tensors()``, but without reading: the tensors are views of the mapped files, as far as they
  /// lie there as they are wanted in memory. Writing to one copies it.
  ///
  /// The default reads them.
  ///
  /// - Parameter isChecked: Whether the checksums of mapped tensors are compared, which reads the files
  ///   once.
  /// - Returns: A tensor for each request.
  /// - Throws: As ``tensors()`` does; without the checksums, damage is not noticed.
  func mappedTensors(isChecked: Bool) throws(CheckpointError) -> [AnyTensor]

  /// Offers the tensors one after the other, in the order in which they are read fastest.
  ///
  /// - Parameter body: Called once for each tensor, with its position; it reads it, or does not.
  /// - Throws: What `body` throws, with the tensor's key; `notFound` without such a key.
  func forEachTensor(
    _ body: (_ position: Int, _ source: any TensorSource) throws(CheckpointError) -> Void)
    throws(CheckpointError)
}

extension TensorBatch {
  /// Reads the tensors: nothing is mapped.
  package func mappedTensors(isChecked: Bool) throws(CheckpointError) -> [AnyTensor] {
    try tensors()
  }
}

/// A reader that looks up many tensors faster than one after the other.
package protocol BatchReader: TensorReader {
  /// Looks up several tensors, or parts of them, to be read together.
  ///
  /// - Parameter requests: The tensors, in any order; one that the checkpoint does not have is no
  ///   error.
  /// - Returns: What the checkpoint says of them, ready to be read.
  /// - Throws: `corrupt` if what the checkpoint says of one of them is damaged.
  func lookUp(_ requests: [TensorRequest]) throws(CheckpointError) -> any TensorBatch
}

extension TensorReader {
  /// Looks up several tensors, or parts of them: all at once, if the reader can, else one after the
  /// other.
  ///
  /// - Parameter requests: The tensors, in any order.
  /// - Returns: What the checkpoint says of them.
  /// - Throws: As ``BatchReader/lookUp(_:)`` says.
  package func batch(of requests: [TensorRequest]) throws(CheckpointError) -> any TensorBatch {
    if let reader = self as? any BatchReader { return try reader.lookUp(requests) }
    return try SingleTensors(requests, of: self)
  }

  /// Reads several tensors, or parts of them, into new memory.
  ///
  /// - Parameter requests: The tensors, in any order.
  /// - Returns: A tensor for each request, in the order of the requests.
  /// - Throws: As for ``TensorReader/read(_:slice:into:)``, for the first that cannot be read.
  package func tensors(for requests: [TensorRequest]) throws(CheckpointError) -> [AnyTensor] {
    try batch(of: requests).tensors()
  }

  /// Maps several tensors, or parts of them, as far as they can be.
  ///
  /// - Parameters:
  ///   - requests: The tensors, in any order.
  ///   - isChecked: Whether the checksums of mapped tensors are compared.
  /// - Returns: A tensor for each request, in the order of the requests.
  /// - Throws: As ``TensorBatch/mappedTensors(isChecked:)`` says.
  package func mappedTensors(for requests: [TensorRequest], isChecked: Bool)
    throws(CheckpointError) -> [AnyTensor]
  {
    try batch(of: requests).mappedTensors(isChecked: isChecked)
  }
}

/// A tensor of a checkpoint that can be read now, or a part of one.
package protocol TensorSource {
  /// Reads the fixed-width elements into memory of the caller.
  ///
  /// - Throws: As for ``TensorReader/read(_:slice:into:)``.
  func read(into output: inout MutableRawSpan) throws(CheckpointError)

  /// Reads the tensor into new memory.
  ///
  /// - Throws: As for ``TensorReader/read(_:slice:into:)``.
  func tensor() throws(CheckpointError) -> AnyTensor
}

/// Tensors that are looked up one after the other, in the order of the requests, and read by all cores.
package struct SingleTensors<Reader: TensorReader>: TensorBatch {
  private let reader: Reader
  private let requests: [TensorRequest]
  private let found: [TensorEntry?]

  /// Looks the tensors up.
  package init(_ requests: [TensorRequest], of reader: Reader) throws(CheckpointError) {
    self.reader = reader
    self.requests = requests
    found = try requests.map { request throws(CheckpointError) in
      try reader.entry(for: request.key)
    }
  }

  private init(_ reader: Reader, _ requests: [TensorRequest], _ found: [TensorEntry?]) {
    self.reader = reader
    self.requests = requests
    self.found = found
  }

  package func spec(at position: Int) -> TensorSpec? { found[position]?.spec }

  package func slices(at position: Int) -> [TensorSlice] { found[position]?.slices ?? [] }

  package func entries() -> [TensorEntry?] { found }

  package func selecting(_ positions: [Int]) -> any TensorBatch {
    SingleTensors(reader, positions.map { requests[$0] }, positions.map { found[$0] })
  }

  package func tensors() throws(CheckpointError) -> [AnyTensor] {
    let read = Mutex([AnyTensor?](repeating: nil, count: requests.count))
    var jobs = runs.makeIterator()
    try SharedWork.run({ jobs.next() }, with: {}) { run, _ throws(CheckpointError) in
      for position in run {
        let request = requests[position]
        let tensor = try reader.tensor(for: request.key, slice: request.slice)
        read.withLock { $0[position] = tensor }
      }
    }
    return read.withLock { $0.compactMap(\.self) }  // each job has read its tensors
  }

  // Requests that one thread reads: sharing out takes longer than reading a small tensor.
  private var runs: [Range<Int>] {
    var (runs, start, byteCount): ([Range<Int>], Int, UInt64) = ([], 0, 0)
    for position in requests.indices {
      byteCount = byteCount.adding(found[position]?.byteCount ?? 0) ?? .max
      guard byteCount >= Self.sharedByteCount || position == requests.count - 1 else { continue }
      runs.append(start..<position + 1)
      (start, byteCount) = (position + 1, 0)
    }
    return runs
  }

  private static var sharedByteCount: UInt64 { 1 << 20 }

  package func forEachTensor(
    _ body: (_ position: Int, _ source: any TensorSource) throws(CheckpointError) -> Void
  ) throws(CheckpointError) {
    for (position, request) in requests.enumerated() {
      do throws(CheckpointError) {
        try body(position, Source(reader: reader, request: request))
      } catch {
        throw error.located(file: reader.path, key: request.key.description)
      }
    }
  }

  // A tensor that is looked up when it is read.
  private struct Source: TensorSource {
    let reader: Reader
    let request: TensorRequest

    func read(into output: inout MutableRawSpan) throws(CheckpointError) {
      try reader.read(request.key, slice: request.slice, into: &output)
    }

    func tensor() throws(CheckpointError) -> AnyTensor {
      try reader.tensor(for: request.key, slice: request.slice)
    }
  }
}
