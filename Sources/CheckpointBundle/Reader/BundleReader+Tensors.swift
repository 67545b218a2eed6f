package import CheckpointIO
package import CheckpointTensors

// Reading values: whole tensors and parts, stored whole or in parts.

extension BundleReader {
  /// Reads the fixed-width elements of a tensor, or of a part of it, into memory of the caller.
  ///
  /// - Throws: As ``TensorReader/read(_:slice:into:)`` says.
  package func read(_ key: TensorKey, slice: TensorSlice?, into output: inout MutableRawSpan)
    throws(CheckpointError)
  {
    do throws(CheckpointError) {
      let stored = try find(key, slice)
      let byteCount = try byteCount(stored)
      guard output.byteCount == byteCount else {
        throw CheckpointError(
          .mismatch,
          "\(stored.spec) takes \(byteCount) bytes, there is room for \(output.byteCount)")
      }
      try read(stored, into: &output)
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
      let stored = try find(key, slice)
      guard stored.spec.dtype.byteWidth != nil else {
        return try AnyTensor(stored.spec, .strings(elements(stored)))
      }
      let storage = TensorStorage(uninitializedByteCount: try byteCount(stored))
      try storage.withMutableBytes { bytes throws(CheckpointError) in
        try read(stored, into: &bytes)
      }
      return try AnyTensor(stored.spec, .bytes(storage))
    } catch {
      throw explained(error).located(file: path, key: key.description)
    }
  }

  private func find(_ key: TensorKey, _ slice: TensorSlice?) throws(CheckpointError) -> WantedBlocks
  {
    guard let entry = try index.entry(for: key) else {
      let nearest = NearestKeys(to: key, among: try entries().map(\.key))
      throw CheckpointError(.notFound, "there is no such tensor\(nearest.hint)")
    }
    return try WantedBlocks(of: key, entry, slice: slice, index: index)
  }

  // The memory that numbers take. Whoever asks for it may allocate it: the files have the bytes.
  private func byteCount(_ stored: WantedBlocks) throws(CheckpointError) -> Int {
    guard stored.spec.dtype.byteWidth != nil else {
      throw CheckpointError(.mismatch, "\(stored.spec.dtype.name) elements have no fixed width")
    }
    try stored.checkBytes(in: shards)
    guard let byteCount = stored.spec.byteCount else {
      throw CheckpointError(.corrupt, "a tensor \(stored.spec) is larger than any memory")
    }
    return byteCount
  }

  // MARK: Numbers

  private func read(_ stored: WantedBlocks, into output: inout MutableRawSpan)
    throws(CheckpointError)
  {
    let width = stored.spec.dtype.byteWidth ?? 1
    for (part, entry) in zip(stored.wanted.parts, stored.entries) {
      let payload = PayloadReader(entry: entry, shards: shards)
      let runs = stored.wanted.runs(of: part)
      if part.wanted == part.place, let place = runs.single {
        var place = output._mutatingExtracting(place.target(width: width))
        try payload.read(into: &place)
      } else {
        try scatter(payload, runs, width: width, into: &output)
      }
    }
  }

  // Streams a block through a small buffer, copying the wanted runs out of each piece.
  private func scatter(
    _ payload: PayloadReader, _ runs: ElementRuns, width: Int, into output: inout MutableRawSpan
  ) throws(CheckpointError) {
    var rest = runs
    var next = rest.next()
    try payload.forEachPiece { piece, start throws(CheckpointError) in
      let end = start + piece.byteCount
      while let run = next, run.source(width: width).lowerBound < end {
        let wanted = run.source(width: width)
        let here = wanted.clamped(to: start..<end)
        let target = run.target(width: width).lowerBound + here.lowerBound - wanted.lowerBound
        output.copy(piece.extracting(here.lowerBound - start..<here.upperBound - start), to: target)
        guard wanted.upperBound <= end else { return }  // the rest is in the next piece
        next = rest.next()
      }
    }
    guard payload.swapsBytes else { return }
    for run in runs {
      var place = output._mutatingExtracting(run.target(width: width))
      place.reverseBytes(ofEvery: payload.entry.spec.dtype.byteOrderWidth ?? 1)
    }
  }

  // MARK: Strings

  // As `byteCount`: each element takes a byte or more of files that have them.
  private func elements(_ stored: WantedBlocks) throws(CheckpointError) -> [[UInt8]] {
    try stored.checkBytes(in: shards)
    return try stored.wanted.strings { number, _ throws(CheckpointError) in
      try PayloadReader(entry: stored.entries[number], shards: shards).elements()
    }
  }
}
