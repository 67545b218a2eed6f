package import CheckpointIO
package import CheckpointTensors

// Reading values: whole tensors and parts, stored whole or in parts.

extension BundleReader: FormatReader {
  package func find(_ key: TensorKey, _ slice: TensorSlice?) throws(CheckpointError)
    -> WantedBlocks?
  {
    guard let entry = try index.entry(for: key) else { return nil }
    let found = try WantedBlocks(of: key, entry, slice: slice, index: index)
    try found.checkBytes(in: shards)
    return found
  }

  package var keys: [TensorKey] {
    get throws(CheckpointError) { try entries().map(\.key) }
  }

  // MARK: Numbers

  package func read(_ stored: WantedBlocks, into output: inout MutableRawSpan)
    throws(CheckpointError)
  {
    let width = stored.wanted.spec.dtype.byteWidth ?? 1
    for (part, entry) in zip(stored.wanted.parts, stored.entries) {
      let reader = PayloadReader(payload: entry.payload, shards: shards)
      let runs = stored.wanted.runs(of: part)
      if part.wanted == part.place, let place = runs.single {
        var place = output._mutatingExtracting(place.target(width: width))
        try reader.read(into: &place)
      } else if readsOnlyParts, part.wanted != part.place {
        try SparsePayload(reader).read(runs, width: width, into: &output)
        swapBytes(of: runs, reader, width: width, in: &output)
      } else {
        try scatter(reader, runs, width: width, into: &output)
        swapBytes(of: runs, reader, width: width, in: &output)
      }
    }
  }

  // Streams a block through a small buffer, copying the wanted runs out of each piece.
  private func scatter(
    _ reader: PayloadReader, _ runs: ElementRuns, width: Int, into output: inout MutableRawSpan
  ) throws(CheckpointError) {
    var rest = runs
    var next = rest.next()
    try reader.forEachPiece { piece, start throws(CheckpointError) in
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
  }

  private func swapBytes(
    of runs: ElementRuns, _ reader: PayloadReader, width: Int, in output: inout MutableRawSpan
  ) {
    guard reader.swapsBytes else { return }
    for run in runs {
      var place = output._mutatingExtracting(run.target(width: width))
      place.reverseBytes(ofEvery: reader.payload.dtype.byteOrderWidth ?? 1)
    }
  }

  // MARK: Strings

  package func strings(of stored: WantedBlocks) throws(CheckpointError) -> [[UInt8]] {
    try stored.wanted.strings { number, _ throws(CheckpointError) in
      try PayloadReader(payload: stored.entries[number].payload, shards: shards).elements()
    }
  }
}
