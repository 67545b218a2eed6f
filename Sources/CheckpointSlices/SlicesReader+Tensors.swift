package import CheckpointIO
package import CheckpointTensors

// Reading values: whole tensors and parts, stored whole or in slices.

extension SlicesReader: FormatReader {
  package func find(_ key: TensorKey, _ slice: TensorSlice?) throws(CheckpointError)
    -> WantedSlices?
  {
    guard let tensor = catalog[key] else { return nil }
    return try WantedSlices(of: key, tensor, slice: slice, files: files)
  }

  package var keys: [TensorKey] { catalog.keys }

  // MARK: Numbers

  package func read(_ found: WantedSlices, into output: inout MutableRawSpan)
    throws(CheckpointError)
  {
    let (wanted, list) = (found.wanted, found.list)
    let width = wanted.spec.dtype.byteWidth ?? 1
    for part in wanted.parts {
      let runs = wanted.runs(of: part)
      let place = part.wanted == part.place ? runs.single?.target(width: width) : nil
      try withRecord(of: found.key, found.slices[part.index]) { record throws(CheckpointError) in
        if let place {
          var place = output._mutatingExtracting(place)
          try Self.decode(record, list, part.place.shape, into: &place)
        } else {
          try Self.scatter(record, list, part.place.shape, runs, into: &output)
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
    let copy = try AnyTensor(TensorSpec(list.dtype, shape)) { bytes throws(CheckpointError) in
      try decode(record, list, shape, into: &bytes)
    }
    try copy.withTensorBytes { output.copy(runs, of: $0, width: width) }
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

  package func strings(of found: WantedSlices) throws(CheckpointError) -> [[UInt8]] {
    try found.wanted.strings { _, part throws(CheckpointError) in
      var values = TensorValueReader(found.list, elementCount: part.place.shape.elementCount)
      try withRecord(of: found.key, found.slices[part.index]) { record throws(CheckpointError) in
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
