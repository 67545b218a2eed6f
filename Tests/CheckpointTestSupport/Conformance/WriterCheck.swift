import CheckpointIO
import CheckpointTensors

/// Checks that a writer does what ``TensorWriter`` promises.
///
///     #expect(try checkTensorWriter(subject, of: TensorModel.sample()) == [])
///
/// - Parameters:
///   - subject: The format.
///   - model: What is written; three tensors at least, one of them with bytes.
///   - seed: What orders are chosen by.
/// - Returns: A text for each promise that is broken, of the first kind that is.
/// - Throws: If no directory can be made.
package func checkTensorWriter(_ subject: WriterSubject, of model: TensorModel, seed: UInt64 = 0)
  throws -> [String]
{
  let check = WriterCheck(subject, model, seed, try TemporaryDirectory("writer"))
  let parts = { if subject.takesParts { check.checkParts() } }
  let wrongParts = { if subject.takesParts { check.checkWrongParts() } }
  return check.findings.first(
    of: check.checkRoundTrip, check.checkRefusals, check.checkLettingGo, check.checkReplacing,
    check.checkOneAtATime, check.checkNothing, check.checkShards, parts, wrongParts)
}

/// Everything that is asked of a writer; what it does with pieces, in a file of its own.
struct WriterCheck {
  private let subject: WriterSubject
  let model: TensorModel
  private let seed: UInt64
  let directory: TemporaryDirectory
  let note: ReaderCheck
  var findings: Findings { note.findings }

  init(
    _ subject: WriterSubject, _ model: TensorModel, _ seed: UInt64, _ directory: TemporaryDirectory
  ) {
    (self.subject, self.model, self.seed, self.directory) = (subject, model, seed, directory)
    note = ReaderCheck(NoReader(), model, seed)
  }

  func expect(_ holds: Bool, _ finding: @autoclosure () -> String) {
    note.expect(holds, finding())
  }

  func make(_ name: String, _ model: TensorModel? = nil) throws(CheckpointError)
    -> any TensorWriter
  {
    try subject.make(directory.path(name), model ?? self.model)
  }

  func add(_ keys: [TensorKey], to writer: inout any TensorWriter) throws(CheckpointError) {
    for key in keys { if let tensor = model[key] { try writer.add(tensor, for: key) } }
  }

  private func write(_ name: String, _ what: String) {
    _ = note.attempt(what) { () throws(CheckpointError) in
      var writer = try make(name)
      try add(note.shuffled(model.keys, 11), to: &writer)
      try writer.finish()
    }
  }

  /// Checks what was written: wholly, by everything that a reader promises, or only what it has.
  func checkReader(
    _ name: String, _ what: String, holds model: TensorModel? = nil, wholly: Bool = false
  ) {
    let reader = note.attempt("\(what): opening it") { () throws(CheckpointError) in
      try subject.open(directory.path(name))
    }
    guard let reader else { return }
    let check = wholly ? checkTensorReader : checkContents
    for finding in check(reader, model ?? self.model, seed) {
      findings.note("\(what): \(finding)")
    }
  }

  // MARK: What is written

  func checkRoundTrip() {
    write("whole", "a round trip")
    checkReader("whole", "a round trip", wholly: true)
    expect(
      directory.names.allSatisfy { !$0.contains("swift-checkpoints") },
      "a round trip leaves \(directory.names)")
  }

  /// What is refused leaves no trace in what is written.
  func checkRefusals() {
    guard let last = model.keys.last(where: { (model[$0]?.storage?.byteCount ?? 0) > 0 }),
      let tensor = model[last]
    else { return findings.note("the model has no tensor with bytes") }
    let others = model.keys.filter { $0 != last }
    _ = note.attempt("a save with refusals") { () throws(CheckpointError) in
      var writer = try make("refused")
      try add(note.shuffled(others, 12), to: &writer)
      for key in [others[0], others[others.count - 1]] {
        let error = note.expectError(.duplicateName, "a key that was added") {
          () throws(CheckpointError) in
          try add([key], to: &writer)
        }
        expect(error?.key == key.description, "the error for a key that was added does not name it")
      }
      if !subject.takesEmptyKeys {
        note.expectError(.invalidArgument, "a key without bytes") { () throws(CheckpointError) in
          try writer.add(tensor, for: TensorKey(bytes: []))
        }
      }
      try refuseLies(tensor, last, &writer)
      expect(!isThere("refused"), "a checkpoint is there before finish()")
      try writer.add(tensor, for: last)
      try writer.finish()
      refuseMore(&writer, "a writer that is finished")
    }
    checkReader("refused", "a save with refusals")
  }

  // Values that are not what their spec says.
  private func refuseLies(_ tensor: AnyTensor, _ key: TensorKey, _ writer: inout any TensorWriter)
    throws(CheckpointError)
  {
    let count = tensor.storage?.byteCount ?? 0
    for wrong in [count - 1, count + 1, 0] {
      note.expectError(.mismatch, "\(wrong) bytes for \(tensor.spec)") {
        () throws(CheckpointError) in
        try writer.add(Liar(tensorSpec: tensor.spec, count: wrong), for: key)
      }
    }
    guard model.tensors.values.contains(where: { $0.spec.dtype == .string }) else { return }
    for snapshot in [TensorModel.tensor(TensorSpec(.string, [2]), [[1], [2]]), tensor] {
      let lie = Liar(tensorSpec: TensorSpec(.string, [3]), count: 0, snapshot: snapshot)
      note.expectError(.mismatch, "\(snapshot.spec) for three strings") {
        () throws(CheckpointError) in
        try writer.add(lie, for: "a lie of strings")
      }
    }
  }

  private func refuseMore(_ writer: inout any TensorWriter, _ what: String) {
    note.expectError(.invalidArgument, "finish() of \(what)") { () throws(CheckpointError) in
      try writer.finish()
    }
    note.expectError(.invalidArgument, "add to \(what)") { () throws(CheckpointError) in
      try writer.add(Tensor<Float>(1), for: "one more")
    }
  }

  func isThere(_ name: String) -> Bool {
    (try? subject.open(directory.path(name))) != nil
  }

  // MARK: What is not

  func checkLettingGo() {
    let before = directory.names
    for count in [0, 1, model.keys.count] {
      _ = note.attempt("a save that is let go") { () throws(CheckpointError) in
        var writer = try make("gone")
        try add(Array(model.keys.prefix(count)), to: &writer)
      }
      let after = directory.names
      expect(after == before, "a writer that is let go after \(count) tensors leaves \(after)")
    }
  }

  /// The old checkpoint stands until the new one is whole.
  func checkReplacing() {
    guard subject.replaces else { return checkRefusesToReplace() }
    write("whole", "saving again")
    checkReader("whole", "saving again")
    let before = directory.names
    _ = note.attempt("a save that is let go") { () throws(CheckpointError) in
      var writer = try make("whole")
      try add(Array(model.keys.prefix(2)), to: &writer)
    }
    expect(
      directory.names == before, "a save that is let go leaves \(directory.names), not \(before)")
    checkReader("whole", "the old checkpoint after a save that was let go")
  }

  private func checkRefusesToReplace() {
    let before = directory.names
    note.expectError(.unsupported, "saving again") { () throws(CheckpointError) in
      var writer = try make("whole")
      try add(model.keys, to: &writer)
      try writer.finish()
    }
    expect(directory.names == before, "saving again leaves \(directory.names), not \(before)")
    checkReader("whole", "the old checkpoint after saving again")
  }

  func checkOneAtATime() {
    _ = note.attempt("a save beside another one") { () throws(CheckpointError) in
      let first = try make("busy")
      note.expectError(.busy, "a second writer at the same place") { () throws(CheckpointError) in
        _ = try make("busy")
      }
      withExtendedLifetime(first) {}
    }
  }

  /// A format has checkpoints without tensors, or refuses them; then the old one stands.
  func checkNothing() {
    let nothing = TensorModel([:])
    do throws(CheckpointError) {
      var writer = try make("nothing", nothing)
      try writer.finish()
      checkReader("nothing", "a checkpoint without tensors", holds: nothing)
    } catch {
      expect(error.code == .invalidArgument, "a checkpoint without tensors: throws \(error)")
      expect(!isThere("nothing"), "a checkpoint without tensors is refused, and there")
    }
  }
}

/// Values that are not as many as their spec says.
private struct Liar: TensorStorable {
  let tensorSpec: TensorSpec
  let count: Int
  var snapshot: AnyTensor?

  func withTensorBytes<Result>(_ body: (RawSpan) throws(CheckpointError) -> Result)
    throws(CheckpointError) -> Result
  {
    try TensorStorage(copying: unsafe [UInt8](repeating: 7, count: count).span.bytes).read(body)
  }

  func setTensor(_ tensor: AnyTensor) {}

  func tensorSnapshot() throws(CheckpointError) -> AnyTensor {
    if let snapshot { return snapshot }
    return try withTensorBytes { bytes throws(CheckpointError) in
      try AnyTensor(tensorSpec, bytes: bytes)
    }
  }
}

// For findings that are about no reader.
private struct NoReader: TensorReader {
  let path = "none"
  func forEachEntry(_ body: (TensorEntry) throws(CheckpointError) -> Void) {}
  func entry(for key: TensorKey) -> TensorEntry? { nil }
  func read(_ key: TensorKey, slice: TensorSlice?, into output: inout MutableRawSpan) {}
  func tensor(for key: TensorKey, slice: TensorSlice?) throws(CheckpointError) -> AnyTensor {
    throw CheckpointError(.notFound, "nothing")
  }
}
