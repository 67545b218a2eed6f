import CheckpointIO
import CheckpointTensors
import CheckpointWire

/// Everything that the index lists, as far as it can be read, with what is wrong with it.
struct BundleInventory {
  /// The payloads, in byte order of their keys in the index.
  var payloads: [StoredPayload] = []
  /// What was found so far.
  var findings = VerificationFindings()
  /// Whose payloads they are.
  private(set) var owners = PayloadOwners()
  private var isComplete = true

  init(of index: BundleIndexReader) {
    var partitioned: [(TensorKey, BundleEntry)] = []
    var damages: [CheckpointError] = []
    index.forEachReadableEntry { key, entry in
      guard entry.slices.isEmpty else {
        partitioned.append((TensorKey(copying: key), entry))
        return
      }
      payloads.append(StoredPayload(entry, number: owners.count))
      owners.append(key, entry.spec)
      findings.byteCount = findings.byteCount.adding(entry.range.count) ?? .max
    } damage: {
      damages.append($0)
    }
    isComplete = damages.isEmpty
    for damage in damages { findings.problems.append(damage) }
    findings.tensorCount = payloads.count + partitioned.count
    for (key, entry) in partitioned { addParts(of: key, entry, index: index.path) }
  }

  private mutating func addParts(of key: TensorKey, _ entry: BundleEntry, index: String) {
    do throws(CheckpointError) {
      let stored = try StoredParts(listed: entry.slices, of: entry.spec.shape)
      try WantedBlocks.checkKeys(key, entry)
      for (slice, place) in zip(entry.slices, stored.places) {
        check(slice, TensorSpec(entry.spec.dtype, place.shape), of: key, index: index)
      }
      if let gap = stored.gap { findings.note("key '\(key)': \(gap)") }
    } catch {
      findings.problems.append(error.located(file: index, key: key.description))
    }
  }

  private mutating func check(
    _ slice: TensorSlice, _ expected: TensorSpec, of key: TensorKey, index: String
  ) {
    guard let spec = owners.claim(slice, of: key) else {
      guard isComplete else { return }  // its entry may be among the damaged ones
      report("slice \(slice) is listed, but has no entry", key, index)
      return
    }
    findings.tensorCount -= 1  // a part, no tensor of its own
    if spec != expected {
      report("slice \(slice) is stored as \(spec), it should be \(expected)", key, index)
    }
  }

  private mutating func report(_ finding: String, _ key: TensorKey, _ index: String) {
    findings.problems.append(CheckpointError(.corrupt, finding, file: index, key: key.description))
  }
}
