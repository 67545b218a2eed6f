package import CheckpointIO
import CheckpointTable
import CheckpointTensors
import CheckpointWire

/// Checks everything that the files of a V1 checkpoint say of themselves: the checksum of every
/// block, that every record decodes to the values that the list of tensors promises, and that slices
/// fit together.
///
/// It finds all that is wrong, not only the first of it. A block is in memory at a time, and the
/// values of a record.
package struct SlicesVerifier {
  private let reader: SlicesReader

  package init(_ reader: SlicesReader) { self.reader = reader }

  /// Checks everything.
  ///
  /// - Parameter progress: Called now and then with the number of bytes that have been checked, and of
  ///   all there are.
  /// - Returns: What was checked, and what was found.
  package func verify(progress: (_ checked: UInt64, _ total: UInt64) -> Void = { _, _ in })
    -> VerificationFindings
  {
    var findings = VerificationFindings()
    findings.tensorCount = reader.catalog.keys.count
    let total = reader.files.reduce(UInt64(0)) { $0.adding($1.byteCount) ?? .max }
    var checked: UInt64 = 0
    for (number, file) in reader.files.enumerated() {
      var records = RecordCheck(of: number, file, reader.catalog)
      file.table.forEachReadable { key, value in
        records.check(key, value, &findings)
        checked += UInt64(key.count) + UInt64(value.count)
        progress(min(checked, total), total)
      } damage: {
        records.isComplete = false
        findings.problems.append($0.located(file: file.path))
      }
      records.finish(&findings)
      checkMetaindex(of: file, &findings)
    }
    for key in reader.catalog.keys { checkSlices(of: key, &findings) }
    progress(total, total)
    return findings
  }

  private func checkMetaindex(of file: SlicesFile, _ findings: inout VerificationFindings) {
    do throws(CheckpointError) {
      try file.table.checkMetaindex()
    } catch {
      findings.noteUnused(error.located(file: file.path))
    }
  }

  private func checkSlices(of key: TensorKey, _ findings: inout VerificationFindings) {
    guard let tensor = reader.catalog[key] else { return }
    do throws(CheckpointError) {
      let stored = try StoredParts(listed: tensor.slices.map(\.slice), of: tensor.spec.shape)
      if let gap = stored.gap { findings.note("key '\(key)': \(gap)") }
    } catch {
      findings.problems.append(error.located(file: reader.path, key: key.description))
    }
  }
}

/// The records of one file, compared with its list of tensors.
private struct RecordCheck {
  // What the list promises and no record has kept so far, by the keys of the records.
  private var promised: [TensorKey: (key: TensorKey, slice: TensorSlice, spec: TensorSpec)] = [:]
  private let path: String
  /// Whether all blocks could be read.
  var isComplete = true

  init(of number: Int, _ file: SlicesFile, _ catalog: SlicesCatalog) {
    path = file.path
    for key in catalog.keys {
      guard let tensor = catalog[key] else { continue }
      for stored in tensor.slices where stored.file == number {
        promised[key.sliceKey(stored.slice)] = (key, stored.slice, tensor.spec)
      }
    }
  }

  mutating func check(
    _ recordKey: Span<UInt8>, _ record: Span<UInt8>, _ findings: inout VerificationFindings
  ) {
    guard !recordKey.isEmpty else { return }  // the list itself: it was read at opening
    let recordKey = TensorKey(copying: recordKey)
    findings.byteCount = findings.byteCount.adding(UInt64(record.count)) ?? .max
    guard let (key, slice, spec) = promised.removeValue(forKey: recordKey) else {
      return findings.note(
        "\(path): nobody reads the record '\(recordKey)', which no list names")
    }
    do throws(CheckpointError) {
      try SlicesReader.check(SavedSliceRecord(record: record), is: key, slice)
      try Self.decode(record, spec, slice)
    } catch {
      let problem = error.withoutOffset.located(file: path, key: key.description)
      findings.problems.append(problem)
    }
  }

  private static func decode(_ record: Span<UInt8>, _ spec: TensorSpec, _ slice: TensorSlice)
    throws(CheckpointError)
  {
    guard let list = TensorValueList(spec.dtype) else {
      throw CheckpointError(
        .unsupported, "V1 checkpoints have no form for values of \(spec.dtype.name)")
    }
    let shape = try slice.region(in: spec.shape).shape
    // Memory is asked for only if the record can have that many elements.
    guard shape.elementCount <= record.count / list.leastByteCount else {
      throw CheckpointError(
        .corrupt, "the record has \(record.count) bytes, too few for \(shape.elementCount) elements"
      )
    }
    guard let byteCount = TensorSpec(spec.dtype, shape).byteCount else {
      var values = TensorValueReader(list, elementCount: shape.elementCount)
      try SavedSliceRecord.forEachTensor(in: record) { message throws(CheckpointError) in
        try values.readStrings(message)
      }
      return try values.finish()
    }
    try TensorStorage(allocating: byteCount).withMutableBytes {
      bytes throws(CheckpointError) in
      try SlicesReader.decode(record, list, shape, into: &bytes)
    }
  }

  mutating func finish(_ findings: inout VerificationFindings) {
    guard isComplete else { return }  // the records may be in the damaged blocks
    for (_, missing) in promised.sorted(by: { $0.key < $1.key }) {
      findings.problems.append(
        CheckpointError(
          .corrupt, "slice \(missing.slice) is listed, but has no record", file: path,
          key: missing.key.description))
    }
  }
}
