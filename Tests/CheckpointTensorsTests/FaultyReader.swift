import CheckpointIO
import CheckpointTensors
import CheckpointTestSupport
import Synchronization

/// A reader with which one thing is wrong.
struct FaultyReader: BatchReader {
  enum Fault: String, CaseIterable, Sendable {
    case hasNoPath, listsInAnotherOrder, listsOneLess, listsOneTwice, listsAnotherSpec
    case swallowsTheErrorOfTheBody, goesOnAfterTheErrorOfTheBody, changesTheErrorOfTheBody
    case entriesAreOthers, doesNotKnowTheLast, knowsAKeyTooMany, knowsTheEmptyKey
    case comparesKeysByMeaning, looksUpAnotherSpec
    case readsOtherBytes, readsOtherBytesLater, readsAnotherSlice
    case takesALargerBuffer, takesASmallerBuffer, readsStrings
    case takesEmptySlices, clampsSlices, takesSlicesOfAnotherRank
    case missesWithAnotherCode, missesWithoutTheKey, refusesSlicesWithAnotherCode
    case tensorsAreOthers, stringsAreCut, listsAWrongPart
    case batchIsInAnotherOrder, batchDropsWhatIsTwice, batchRefusesWhatIsNotThere
    case batchIgnoresSlices, batchSelectsInAnotherOrder, batchMapsOtherBytes, batchOffersTwice
    case batchOffersTooFew, batchLosesTheKey, batchGoesOnAfterAnError, batchSpecIsOfThePart
  }

  let path: String
  let fault: Fault
  private let base: ModelReader
  private let model: TensorModel
  private let readCount = ReadCount()

  final class ReadCount: Sendable {
    private let counts = Mutex<[TensorKey: Int]>([:])

    func next(_ key: TensorKey) -> Int {
      counts.withLock { counts in
        counts[key, default: 0] += 1
        return counts[key, default: 0]
      }
    }
  }

  init(_ model: TensorModel, _ fault: Fault) {
    (self.model, self.fault) = (model, fault)
    path = fault == .hasNoPath ? "" : "faulty"
    base = ModelReader(model)
  }

  // MARK: Listing

  private func changed(_ entry: TensorEntry) -> TensorEntry {
    var entry = entry
    if fault == .listsAWrongPart { entry.slices = [.all(rank: entry.spec.shape.rank + 1)] }
    return entry
  }

  func forEachEntry(_ body: (TensorEntry) throws(CheckpointError) -> Void) throws(CheckpointError) {
    var entries = try base.entries().map(changed)
    switch fault {
    case .listsInAnotherOrder: entries.swapAt(0, 1)
    case .listsOneLess: entries.removeLast()
    case .listsOneTwice: entries.append(entries[entries.count - 1])
    case .listsAnotherSpec: entries[0].spec = TensorSpec(.uint64, [9])
    default: break
    }
    var failure: CheckpointError?
    for entry in entries {
      do throws(CheckpointError) {
        try body(entry)
      } catch {
        switch fault {
        case .swallowsTheErrorOfTheBody: return
        case .goesOnAfterTheErrorOfTheBody: failure = error
        case .changesTheErrorOfTheBody: throw error.adding("in the list")
        default: throw error
        }
      }
    }
    if let failure { throw failure }
  }

  func entries() throws(CheckpointError) -> [TensorEntry] {
    var entries: [TensorEntry] = []
    try forEachEntry { entries.append($0) }
    return fault == .entriesAreOthers ? entries.dropLast() : entries
  }

  func entry(for key: TensorKey) throws(CheckpointError) -> TensorEntry? {
    let entry = base.entry(for: key).map(changed)
    switch fault {
    case .doesNotKnowTheLast: return key == model.keys.last ? nil : entry
    case .knowsAKeyTooMany: return entry ?? base.entry(for: TensorKey(bytes: key.bytes.dropLast()))
    case .knowsTheEmptyKey: return key.bytes.isEmpty ? base.entry(for: model.keys[0]) : entry
    case .comparesKeysByMeaning:
      let same = model.keys.first { $0.string == key.string && $0.string != nil }
      return same.flatMap { base.entry(for: $0) }
    case .looksUpAnotherSpec:
      guard var entry, key == model.keys[0] else { return entry }
      entry.spec = TensorSpec(.uint64, [9])
      return entry
    default: return entry
    }
  }

  // MARK: Reading

  func read(_ key: TensorKey, slice: TensorSlice?, into output: inout MutableRawSpan)
    throws(CheckpointError)
  {
    if fault == .readsStrings, model[key]?.strings != nil { return }
    let slice = fault == .readsAnotherSlice ? another(slice, key) : slice
    let tensor = try self.tensor(for: key, slice: slice, asks: false)
    let bytes = TensorModel.bytes(of: tensor)
    let fits =
      switch fault {
      case .takesALargerBuffer: bytes.count <= output.byteCount
      case .takesASmallerBuffer: bytes.count >= output.byteCount
      default: bytes.count == output.byteCount
      }
    guard fits, tensor.storage != nil else { throw CheckpointError(.mismatch, "another size") }
    let isWrong =
      fault == .readsOtherBytes || (fault == .readsOtherBytesLater && readCount.next(key) > 8)
    for (offset, byte) in bytes.prefix(output.byteCount).enumerated() {
      output.storeBytes(of: isWrong ? ~byte : byte, toByteOffset: offset, as: UInt8.self)
    }
  }

  func tensor(for key: TensorKey, slice: TensorSlice?) throws(CheckpointError) -> AnyTensor {
    try tensor(for: key, slice: slice, asks: true)
  }

  private func tensor(for key: TensorKey, slice: TensorSlice?, asks: Bool) throws(CheckpointError)
    -> AnyTensor
  {
    guard let whole = model[key] else {
      switch fault {
      case .missesWithAnotherCode: throw CheckpointError(.corrupt, "no '\(key)'")
      case .missesWithoutTheKey: throw CheckpointError(.notFound, "there is no such tensor")
      default: throw CheckpointError(.notFound, "no '\(key)'")
      }
    }
    guard let part = TensorModel.part(lenient(slice, whole.spec.shape), of: whole) else {
      let code = fault == .refusesSlicesWithAnotherCode ? CheckpointError.Code.corrupt : .mismatch
      throw CheckpointError(code, "the slice leaves it", key: key.description)
    }
    guard asks else { return part }
    switch fault {
    case .tensorsAreOthers: return inverted(part)
    case .stringsAreCut: return cut(part)
    default: return part
    }
  }

  private func lenient(_ slice: TensorSlice?, _ shape: TensorShape) -> TensorSlice? {
    guard var slice else { return nil }
    switch fault {
    case .takesSlicesOfAnotherRank: return slice.extents.count == shape.rank ? slice : nil
    case .takesEmptySlices:
      return slice.extents.contains(.range(start: 0, length: 0)) ? nil : slice
    case .clampsSlices:
      for (axis, extent) in slice.extents.enumerated() where axis < shape.rank {
        guard case .range(let start, let length) = extent, start >= 0, start < shape[axis] else {
          continue
        }
        slice.extents[axis] = .range(start: start, length: min(length, shape[axis] - start))
      }
      return slice
    default: return slice
    }
  }

  private func another(_ slice: TensorSlice?, _ key: TensorKey) -> TensorSlice? {
    guard var slice, let shape = model[key]?.spec.shape else { return slice }
    for (axis, extent) in slice.extents.enumerated() where axis < shape.rank {
      guard case .range(let start, let length) = extent, start > 0, length > 0,
        start <= shape[axis] - min(length, shape[axis])
      else { continue }
      slice.extents[axis] = .range(start: start - 1, length: length)
    }
    return slice
  }

  private func inverted(_ tensor: AnyTensor) -> AnyTensor {
    TensorModel.tensor(
      tensor.spec, TensorModel.elements(of: tensor).map { $0.map { ~$0 } })
  }

  private func cut(_ tensor: AnyTensor) -> AnyTensor {
    guard let strings = tensor.strings else { return tensor }
    return TensorModel.tensor(tensor.spec, strings.map { Array($0.prefix { $0 != 0 }) })
  }

  // MARK: Batches

  func lookUp(_ requests: [TensorRequest]) throws(CheckpointError) -> any TensorBatch {
    var requests = requests
    switch fault {
    case .batchIsInAnotherOrder: requests.sort { $0.key < $1.key }
    case .batchDropsWhatIsTwice:
      var seen: Set<TensorRequest> = []
      requests.removeAll { !seen.insert($0).inserted }
    case .batchIgnoresSlices: requests = requests.map { TensorRequest($0.key) }
    case .batchRefusesWhatIsNotThere:
      for request in requests { _ = try requiredEntry(for: request.key) }
    default: break
    }
    return FaultyBatch(
      base: try SingleTensors(requests, of: self), requests: requests, fault: fault)
  }
}

/// Several tensors of a reader with which one thing is wrong.
private struct FaultyBatch: TensorBatch {
  let base: any TensorBatch
  let requests: [TensorRequest]
  let fault: FaultyReader.Fault

  func spec(at position: Int) -> TensorSpec? {
    guard let spec = base.spec(at: position) else { return nil }
    guard fault == .batchSpecIsOfThePart, let slice = requests[position].slice,
      let region = try? slice.region(in: spec.shape)
    else { return spec }
    return TensorSpec(spec.dtype, region.shape)
  }

  func slices(at position: Int) -> [TensorSlice] { base.slices(at: position) }

  func entries() throws(CheckpointError) -> [TensorEntry?] { try base.entries() }

  func selecting(_ positions: [Int]) -> any TensorBatch {
    let positions = fault == .batchSelectsInAnotherOrder ? positions.sorted() : positions
    return FaultyBatch(
      base: base.selecting(positions), requests: positions.map { requests[$0] }, fault: fault)
  }

  func tensors() throws(CheckpointError) -> [AnyTensor] { try base.tensors() }

  func mappedTensors(isChecked: Bool) throws(CheckpointError) -> [AnyTensor] {
    let tensors = try base.tensors()
    guard fault == .batchMapsOtherBytes, tensors.count > 1 else { return tensors }
    return tensors.reversed()
  }

  func forEachTensor(
    _ body: (_ position: Int, _ source: any TensorSource) throws(CheckpointError) -> Void
  ) throws(CheckpointError) {
    var isFirst = true
    var failure: CheckpointError?
    let offer = { (position: Int, source: any TensorSource) throws(CheckpointError) in
      defer { isFirst = false }
      if isFirst, fault == .batchOffersTooFew { return }
      if isFirst, fault == .batchOffersTwice { try body(position, source) }
      do throws(CheckpointError) {
        try body(position, source)
      } catch {
        guard fault == .batchGoesOnAfterAnError else { throw error }
        failure = error.located(key: requests[position].key.description)
      }
    }
    do throws(CheckpointError) {
      try base.forEachTensor(offer)
    } catch {
      var error = error
      if fault == .batchLosesTheKey { error.key = nil }
      throw error
    }
    if let failure { throw failure }
  }
}
