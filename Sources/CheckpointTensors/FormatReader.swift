package import CheckpointIO

/// What a format has stored of a tensor that somebody wants to read.
package protocol FoundTensor {
  /// What is wanted, and the stored blocks that have it.
  var wanted: WantedRegion { get }
}

/// A reader of the files of one format, which says what differs between formats.
///
/// That is how a tensor is found, and how its blocks are read; the steps of reading one are the same.
package protocol FormatReader: TensorReader {
  /// What is found of a tensor.
  associatedtype Found: FoundTensor

  /// Looks up a tensor, and a part of it, of which everything is checked that can be without reading it.
  ///
  /// - Returns: What was found: the files have as many bytes as it promises, so that memory may be asked
  ///   for. `nil` if there is no such tensor.
  /// - Throws: `mismatch` for a slice that leaves the tensor's shape; `corrupt`, `truncated` and the like
  ///   if what was found cannot be read.
  func find(_ key: TensorKey, _ slice: TensorSlice?) throws(CheckpointError) -> Found?

  /// Reads elements of fixed width into room that is as large as they are.
  func read(_ found: Found, into output: inout MutableRawSpan) throws(CheckpointError)

  /// Reads elements of variable length.
  func strings(of found: Found) throws(CheckpointError) -> [[UInt8]]

  /// All names, for finding one that was meant.
  var keys: [TensorKey] { get throws(CheckpointError) }

  /// Says of an error that the checkpoint was deleted or replaced meanwhile, if that is its cause.
  func explained(_ error: CheckpointError) -> CheckpointError
}

extension FormatReader {
  /// Reads the fixed-width elements of a tensor, or of a part of it, into memory of the caller.
  ///
  /// - Throws: As ``TensorReader/read(_:slice:into:)`` says.
  package func read(_ key: TensorKey, slice: TensorSlice?, into output: inout MutableRawSpan)
    throws(CheckpointError)
  {
    do throws(CheckpointError) {
      let found = try required(key, slice)
      let spec = found.wanted.spec
      // What is found is not larger than memory: see `find`.
      guard let byteCount = spec.byteCount else {
        throw CheckpointError(.mismatch, "\(spec.dtype.name) elements have no fixed width")
      }
      try spec.checkRoom(byteCount, output.byteCount)
      try read(found, into: &output)
    } catch {
      throw explained(error).located(file: path, key: key.description)
    }
  }

  /// Reads a tensor, or a part of it, into new memory.
  ///
  /// - Throws: As ``TensorReader/read(_:slice:into:)`` says.
  package func tensor(for key: TensorKey, slice: TensorSlice?) throws(CheckpointError) -> AnyTensor
  {
    do throws(CheckpointError) {
      let found = try required(key, slice)
      let spec = found.wanted.spec
      guard spec.dtype.byteWidth != nil else {
        return try AnyTensor(spec, .strings(strings(of: found)))
      }
      return try AnyTensor(spec) { bytes throws(CheckpointError) in try read(found, into: &bytes) }
    } catch {
      throw explained(error).located(file: path, key: key.description)
    }
  }

  private func required(_ key: TensorKey, _ slice: TensorSlice?) throws(CheckpointError) -> Found {
    if let found = try find(key, slice) { return found }
    throw try missing(key)
  }

  /// The error for a key that there is not; it names the nearest.
  package func missing(_ key: TensorKey) throws(CheckpointError) -> CheckpointError {
    let nearest = NearestKeys(to: key, among: try keys).hint
    let hint = try partHint(forMissing: key)
    return CheckpointError(.notFound, "there is no such tensor\(hint ?? nearest)")
  }
}
