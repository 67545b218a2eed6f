import CheckpointIO
package import CheckpointTensors
internal import Synchronization

/// Checks that a reader does what ``TensorReader`` promises, for a checkpoint with known tensors.
///
///     #expect(checkTensorReader(reader, against: model) == [])
///
/// - Parameters:
///   - reader: The reader.
///   - model: All tensors of its checkpoint.
///   - seed: What orders and slices are chosen by.
/// - Returns: A text for each promise that is broken, of the first kind that is.
package func checkTensorReader(
  _ reader: any TensorReader, against model: TensorModel, seed: UInt64 = 0
) -> [String] {
  let check = ReaderCheck(reader, model, seed)
  return check.findings.first(
    of: check.checkListing, check.checkLookup, check.checkReading, check.checkSlices,
    check.checkUnknownKeys, check.checkBatches, check.checkPieces, check.checkThreads,
    check.checkClosing,
    check.checkReading, check.checkListing)  // a second time it is the same
}

/// Checks that a reader has the tensors, and no others: enough where another reader of the same form is
/// checked wholly.
func checkContents(_ reader: any TensorReader, against model: TensorModel, seed: UInt64)
  -> [String]
{
  let check = ReaderCheck(reader, model, seed)
  return check.findings.first(of: check.checkListing, check.checkLookup, check.checkReading)
}

/// What is wrong, gathered by any thread.
final class Findings: Sendable {
  private let list = Mutex<[String]>([])

  var texts: [String] { list.withLock { $0 } }

  func note(_ text: String) { list.withLock { $0.append(text) } }

  /// What the first check finds that finds anything: what is broken there breaks all that follows, too.
  func first(of checks: (() -> Void)...) -> [String] {
    for check in checks where texts.isEmpty { check() }
    return texts
  }
}

/// Everything that is asked of a reader; each facet in a file of its own.
struct ReaderCheck {
  let reader: any TensorReader
  let model: TensorModel
  let seed: UInt64
  let findings = Findings()

  init(_ reader: any TensorReader, _ model: TensorModel, _ seed: UInt64) {
    (self.reader, self.model, self.seed) = (reader, model, seed)
  }

  // MARK: Noting

  func expect(_ holds: Bool, _ finding: @autoclosure () -> String) {
    if !holds { findings.note(finding()) }
  }

  /// What succeeds; an error is a finding.
  func attempt<Result>(
    _ what: @autoclosure () -> String, _ body: () throws(CheckpointError) -> Result
  ) -> Result? {
    do throws(CheckpointError) {
      return try body()
    } catch {
      findings.note("\(what()): throws \(error)")
      return nil
    }
  }

  /// What fails with a code; success, and another error, is a finding.
  @discardableResult
  func expectError(
    _ code: CheckpointError.Code, _ what: @autoclosure () -> String,
    _ body: () throws(CheckpointError) -> Void
  ) -> CheckpointError? {
    do throws(CheckpointError) {
      try body()
      findings.note("\(what()): throws nothing, expected \(code)")
      return nil
    } catch {
      expect(error.code == code, "\(what()): throws \(error), expected \(code)")
      return error
    }
  }

  func expectSame(
    _ found: AnyTensor?, _ expected: AnyTensor?, _ what: @autoclosure () -> String
  ) {
    guard let found, let expected else { return }
    guard found.spec == expected.spec else {
      return findings.note("\(what()): is \(found.spec), expected \(expected.spec)")
    }
    let same =
      TensorModel.bytes(of: found) == TensorModel.bytes(of: expected)
      && found.strings == expected.strings
    expect(same, "\(what()): has other values")
  }

  // MARK: Reading

  /// What `read` writes, as memory has it.
  func bytes(_ key: TensorKey, _ slice: TensorSlice?, count: Int) throws(CheckpointError) -> [UInt8]
  {
    var bytes = [UInt8](repeating: 0xA5, count: count)
    var span = bytes.mutableSpan
    var output = unsafe span.mutableBytes  // every pattern of bits is a UInt8
    try reader.read(key, slice: slice, into: &output)
    return bytes
  }

  /// Keys that the checkpoint does not have, near to those that it has.
  var unknownKeys: [TensorKey] {
    var keys: [TensorKey] = [
      TensorKey(bytes: []), TensorKey(bytes: [0xFF]), TensorKey(bytes: [0xC3]), "\u{0}",
      "a key that is none",
    ]
    for key in model.keys.prefix(2) + model.keys.suffix(1) {
      keys.append(TensorKey(bytes: key.bytes + [0]))
      keys.append(TensorKey(bytes: key.bytes + [0xFF]))
      keys.append(TensorKey(bytes: key.bytes.dropLast()))
      keys.append(TensorKey(bytes: key.bytes.map { $0 ^ 0x20 }))
    }
    return keys.filter { model[$0] == nil }
  }
}

// MARK: Listing and looking up

extension ReaderCheck {
  func checkListing() {
    expect(!reader.path.isEmpty, "path: is empty")
    var seen: [TensorEntry] = []
    let isListed: Void? = attempt("forEachEntry") { () throws(CheckpointError) in
      try reader.forEachEntry { seen.append($0) }
    }
    guard isListed != nil else { return }
    expect(
      seen.map(\.key) == model.keys, "forEachEntry: gives \(seen.map(\.key)), not \(model.keys)")
    for entry in seen { checkEntry(entry, "forEachEntry") }
    let entries = attempt("entries()") { () throws(CheckpointError) in try reader.entries() }
    if let entries { expect(entries == seen, "entries(): differs from forEachEntry") }
    for number in [0, seen.count / 2, seen.count - 1] where number >= 0 && number < seen.count {
      checkStop(after: number)
    }
  }

  // An error of the caller's ends the listing, and comes back as it is.
  private func checkStop(after number: Int) {
    var count = 0
    let thrown = CheckpointError(.cancelled, "enough, \(seed)")
    let error = expectError(.cancelled, "forEachEntry with a body that throws") {
      () throws(CheckpointError) in
      try reader.forEachEntry { _ throws(CheckpointError) in
        count += 1
        if count == number + 1 { throw thrown }
      }
    }
    if let error {
      expect(error.message == thrown.message, "forEachEntry: changes the error: \(error)")
    }
    expect(
      count == number + 1, "forEachEntry: goes on after an error, \(count) calls for \(number + 1)")
  }

  private func checkEntry(_ entry: TensorEntry, _ what: String) {
    guard let tensor = model[entry.key] else { return }
    expect(
      entry.spec == tensor.spec, "\(what): '\(entry.key)' is \(entry.spec), not \(tensor.spec)")
    for slice in entry.slices {
      let isInside = TensorModel.ranges(of: slice, in: tensor.spec.shape) != nil
      expect(isInside, "\(what): '\(entry.key)' has the part \(slice), which leaves its shape")
    }
  }

  func checkLookup() {
    let listed = attempt("entries()") { () throws(CheckpointError) in try reader.entries() } ?? []
    let entries = Dictionary(listed.map { ($0.key, $0) }) { $1 }
    for key in shuffled(model.keys, 1) {
      let entry = attempt("entry(for: '\(key)')") { () throws(CheckpointError) in
        try reader.entry(for: key)
      }
      guard let entry else { continue }
      expect(entry != nil, "entry(for: '\(key)'): is nil")
      expect(entry == entries[key], "entry(for: '\(key)'): differs from the listed one")
      let required = attempt("requiredEntry") { () throws(CheckpointError) in
        try reader.requiredEntry(for: key)
      }
      expect(required == entry, "requiredEntry(for: '\(key)'): differs from entry(for:)")
    }
  }

  func checkUnknownKeys() {
    for key in unknownKeys {
      let name = "'\(key)', which is not there"
      let entry = attempt("entry(for:) of \(name)") { () throws(CheckpointError) in
        try reader.entry(for: key)
      }
      if let entry { expect(entry == nil, "entry(for:) of \(name): is no nil") }
      let errors = [
        expectError(.notFound, "tensor(for:) of \(name)") { () throws(CheckpointError) in
          _ = try reader.tensor(for: key)
        },
        expectError(.notFound, "read of \(name)") { () throws(CheckpointError) in
          _ = try bytes(key, nil, count: 4)
        },
        expectError(.notFound, "requiredEntry(for:) of \(name)") { () throws(CheckpointError) in
          _ = try reader.requiredEntry(for: key)
        },
      ]
      for error in errors.compactMap({ $0 }) where error.code == .notFound {
        let says = error.key == key.description || error.message.contains(key.description)
        expect(says, "the error for \(name) does not name the key: \(error)")
      }
    }
  }

  func shuffled<Element>(_ elements: [Element], _ salt: UInt64) -> [Element] {
    var random = SeededGenerator(seed: seed &* 31 &+ salt)
    return elements.shuffled(using: &random)
  }
}
