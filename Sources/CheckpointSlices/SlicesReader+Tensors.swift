package import CheckpointIO
package import CheckpointTensors

// Reading values: whole tensors and parts, stored whole or in slices.

extension SlicesReader {
  /// Reads the fixed-width elements of a tensor, or of a part of it, into memory of the caller.
  ///
  /// - Throws: As ``TensorReader/read(_:slice:into:)`` says.
  package func read(_ key: TensorKey, slice: TensorSlice?, into output: inout MutableRawSpan)
    throws(CheckpointError)
  {
    do throws(CheckpointError) {
      let wanted = try find(key, slice)
      let byteCount = try byteCount(wanted)
      guard output.byteCount == byteCount else {
        throw CheckpointError(
          .mismatch,
          "\(wanted.spec) takes \(byteCount) bytes, there is room for \(output.byteCount)")
      }
      try read(key, wanted, into: &output)
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
      let wanted = try find(key, slice)
      guard wanted.spec.dtype.byteWidth != nil else {
        return try AnyTensor(wanted.spec, .strings(strings(key, wanted)))
      }
      let storage = TensorStorage(uninitializedByteCount: try byteCount(wanted))
      try storage.withMutableBytes { bytes throws(CheckpointError) in
        try read(key, wanted, into: &bytes)
      }
      return try AnyTensor(wanted.spec, .bytes(storage))
    } catch {
      throw explained(error).located(file: path, key: key.description)
    }
  }

  private func find(_ key: TensorKey, _ slice: TensorSlice?) throws(CheckpointError) -> WantedSlices
  {
    guard let tensor = catalog[key] else {
      let nearest = NearestKeys(to: key, among: catalog.keys)
      throw CheckpointError(.notFound, "there is no such tensor\(nearest.hint)")
    }
    return try WantedSlices(of: tensor, slice: slice, files: files)
  }

  private func byteCount(_ wanted: WantedSlices) throws(CheckpointError) -> Int {
    guard wanted.spec.dtype.byteWidth != nil else {
      throw CheckpointError(.mismatch, "\(wanted.spec.dtype.name) elements have no fixed width")
    }
    guard let byteCount = wanted.spec.byteCount else {
      throw CheckpointError(.corrupt, "a tensor \(wanted.spec) is larger than any memory")
    }
    return byteCount
  }

  // MARK: Numbers

  private func read(_ key: TensorKey, _ wanted: WantedSlices, into output: inout MutableRawSpan)
    throws(CheckpointError)
  {
    let width = wanted.spec.dtype.byteWidth ?? 1
    for part in wanted.region.parts {
      let runs = wanted.region.runs(of: part)
      let place = part.wanted == part.place ? runs.single?.target(width: width) : nil
      try withRecord(of: key, wanted.slices[part.index]) { record throws(CheckpointError) in
        if let place {
          var place = output._mutatingExtracting(place)
          try Self.decode(record, wanted.list, part.place.shape, into: &place)
        } else {
          try Self.scatter(record, wanted.list, part.place.shape, runs, into: &output)
        }
      }
    }
  }

  static func decode(
    _ record: Span<UInt8>, _ list: TensorValueList, _ shape: TensorShape,
    into output: inout MutableRawSpan
  ) throws(CheckpointError) {
    var values = TensorValueReader(list, elementCount: shape.elementCount)
    try SavedSliceRecord.forEachTensor(in: record) { message throws(CheckpointError) in
      try values.read(message, into: &output)
    }
    try values.finish()
  }

  // Copies the wanted runs from where the record has them; from a decoded copy, if it has them in
  // another form.
  private static func scatter(
    _ record: Span<UInt8>, _ list: TensorValueList, _ shape: TensorShape, _ runs: ElementRuns,
    into output: inout MutableRawSpan
  ) throws(CheckpointError) {
    let width = list.dtype.byteWidth ?? 1
    if try scatterPlain(record, list, shape, runs, into: &output) { return }
    guard let byteCount = TensorSpec(list.dtype, shape).byteCount else {
      throw CheckpointError(.corrupt, "a slice \(shape) is larger than any memory")
    }
    let copy = TensorStorage(uninitializedByteCount: byteCount)
    try copy.withMutableBytes { bytes throws(CheckpointError) in
      try decode(record, list, shape, into: &bytes)
    }
    output.copy(runs, of: copy.bytes, width: width)
  }

  private static func scatterPlain(
    _ record: Span<UInt8>, _ list: TensorValueList, _ shape: TensorShape, _ runs: ElementRuns,
    into output: inout MutableRawSpan
  ) throws(CheckpointError) -> Bool {
    let width = list.dtype.byteWidth ?? 1
    let values = TensorValueReader(list, elementCount: shape.elementCount)
    var isDone = false
    var messageCount = 0
    try SavedSliceRecord.forEachTensor(in: record) { message throws(CheckpointError) in
      messageCount += 1
      guard let bytes = try values.plainBytes(of: message) else { return }
      unsafe output.copy(runs, of: bytes.bytes, width: width)
      isDone = true
    }
    return isDone && messageCount == 1  // otherwise there are too many values
  }

  // MARK: Strings

  private func strings(_ key: TensorKey, _ wanted: WantedSlices) throws(CheckpointError)
    -> [[UInt8]]
  {
    // The files can have that many: it was checked.
    try wanted.region.strings { _, part throws(CheckpointError) in
      var values = TensorValueReader(wanted.list, elementCount: part.place.shape.elementCount)
      try withRecord(of: key, wanted.slices[part.index]) { record throws(CheckpointError) in
        try SavedSliceRecord.forEachTensor(in: record) { message throws(CheckpointError) in
          try values.readStrings(message)
        }
        try values.finish()
      }
      return values.strings
    }
  }
}

extension MutableRawSpan {
  /// Copies runs of elements to their places.
  @_lifetime(self: copy self)
  fileprivate mutating func copy(_ runs: ElementRuns, of elements: RawSpan, width: Int) {
    for run in runs {
      let source = elements.extracting(run.source(width: width))
      var target = _mutatingExtracting(run.target(width: width))  // both check the bounds
      unsafe target.withUnsafeMutableBytes { target in
        unsafe source.withUnsafeBytes { unsafe target.copyMemory(from: $0) }
      }
    }
  }
}
