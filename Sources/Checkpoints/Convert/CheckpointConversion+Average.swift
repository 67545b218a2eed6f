package import CheckpointIO
import CheckpointGraph
package import CheckpointStore
import CheckpointTensors

extension CheckpointConversion {
  /// Plans to write the average of several checkpoints of the same tensors.
  ///
  /// Floating-point numbers are averaged. Integers, such as step counters, truth values, strings, metadata and
  /// the object graph are those of the last one, so that what is written restores as they do; a note says so.
  /// So are the keys and values of TensorFlow's tables, which come in any order.
  ///
  /// - Parameters:
  ///   - sources: As for ``CheckpointReader/init(_:)``; one at least.
  ///   - decay: How much each weighs for what the next one does, more than 0: 1 for the uniform average.
  ///   - destination: The prefix of a V2 checkpoint, or the name of a file.
  ///   - options: What to write.
  ///   - found: Called with what the paths lead to.
  /// - Throws: `mismatch` if their names, dtypes or shapes differ, one error with all differences; as
  ///   ``init(from:to:options:)``.
  package init(
    averaging sources: [String], decay: Double, to destination: String, options: Options,
    found: (CheckpointLocation) -> Void
  ) throws(CheckpointError) {
    try self.init(to: destination, options: options) { plan throws(CheckpointError) in
      var readers: [CheckpointReader] = []
      for source in sources {
        readers.append(try Self.open(source, options, found))
      }
      guard let last = readers.last else {
        throw CheckpointError(.invalidArgument, "there is no checkpoint to be averaged")
      }
      let entries = try last.entries()
      let tables = Self.tables(entries)
      try Self.check(readers.dropLast(), entries, tables, of: last)
      let values = AveragedReader(
        readers.map(\.reader), last: last.reader, tables: tables, decay: decay)
      try plan.add(last, values: values)
      if let note = Self.note(entries, tables, of: last.path) { plan.notes.append(note) }
    }
  }

  // A table is saved as two tensors: its keys, which are integers or strings, and the values of these keys,
  // in any order. It grows while a program runs.
  //
  // Source: tensorflow/python/ops/lookup_ops.py, `MutableHashTable._serialize_to_tensors`.
  private static func tables(_ entries: [TensorEntry]) -> Set<TensorKey> {
    let keys = entries.filter { !$0.spec.dtype.isFloatingPoint }.map(\.key)
    let stems = Set(keys.compactMap { $0.string?.removing(suffix: "-keys") }.map { TensorKey($0) })
    guard !stems.isEmpty else { return [] }
    let tables = entries.compactMap { $0.key.string?.removing(suffix: "-values") }
      .filter { stems.contains(TensorKey($0)) }
    return Set(tables.flatMap { [TensorKey($0 + "-keys"), TensorKey($0 + "-values")] })
  }

  // The last one is what the others are compared with.
  private static func check(
    _ readers: some Sequence<CheckpointReader>, _ entries: [TensorEntry],
    _ tables: Set<TensorKey>, of last: CheckpointReader
  ) throws(CheckpointError) {
    var problems: [CheckpointError] = []
    for reader in readers { problems += try differences(of: reader, entries, tables, of: last) }
    let error = CheckpointError.combining(problems) {
      "\($0) differences keep the checkpoints from being averaged; their names, types and shapes have to be "
        + "the same"
    }
    guard var error else { return }
    if problems.count == 1 {
      error.message += "; only checkpoints of the same tensors have an average"
    }
    throw error
  }

  private static func differences(
    of reader: CheckpointReader, _ entries: [TensorEntry], _ tables: Set<TensorKey>,
    of last: CheckpointReader
  ) throws(CheckpointError) -> [CheckpointError] {
    let path = last.path
    var problems: [CheckpointError] = []
    func note(_ finding: String, _ key: TensorKey) {
      problems.append(
        CheckpointError(.mismatch, finding, file: reader.path, key: key.description))
    }
    var others: [TensorKey: TensorSpec] = [:]
    try reader.forEachEntry { others[$0.key] = $0.spec }
    let unsupported = Set(reader.unsupportedTensors.map(\.key))
    for entry in entries {
      guard let spec = others.removeValue(forKey: entry.key) else {
        guard !unsupported.contains(entry.key) else { continue }  // it is told below
        note("it has no such tensor, '\(path)' has one", entry.key)
        continue
      }
      let isSame =
        tables.contains(entry.key) ? spec.dtype == entry.spec.dtype : spec == entry.spec
      if !isSame { note("it is \(spec) here, \(entry.spec) in '\(path)'", entry.key) }
    }
    // What is not read of the last one either is told, or left out, when its tensors are planned.
    let unplanned = Set(last.unsupportedTensors.map(\.key))
    for tensor in reader.unsupportedTensors where !unplanned.contains(tensor.key) {
      note("its elements are of the type \(tensor.typeName), which is not read here", tensor.key)
    }
    for key in others.keys.sorted() where !unplanned.contains(key) {
      note("'\(path)' has no such tensor", key)
    }
    return problems
  }

  private static func note(
    _ entries: [TensorEntry], _ tables: Set<TensorKey>, of path: String
  ) -> String? {
    let taken = entries.filter { !$0.spec.dtype.isFloatingPoint || tables.contains($0.key) }
      .map(\.key).filter { $0 != TensorKey(ObjectGraph.key) }
    guard let first = taken.first else { return nil }
    guard taken.count > 1 else {
      return "'\(first)' is no floating-point number, and is taken from '\(path)'"
    }
    let what =
      tables.isEmpty
      ? "are no floating-point numbers" : "are of tables, or no floating-point numbers"
    return
      "\(taken.count) tensors \(what), and are taken from '\(path)': "
      + NameList.text(taken)
  }
}
