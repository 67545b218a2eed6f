import CheckpointBundle
import CheckpointIO
import CheckpointTensors
import CheckpointTestSupport

/// A writer with which one thing is wrong.
struct FaultyWriter: TensorWriter {
  enum Fault: String, CaseIterable, Sendable {
    case dropsWhatComesTwice, losesTheKeyOfWhatComesTwice, takesAnEmptyKey, writesOtherValues
    case writesOneLess, takesWrongByteCounts, takesWrongStrings, isSeenBeforeTheEnd
    case finishesTwice, takesMoreAfterTheEnd, leavesAFile, removesTheOldFirst, sharesItsPlace
    case takesPartsOfAnotherShape, takesPartsThatOverlap, ignoresParts
  }

  private let path: String
  private let fault: Fault
  private var base: BundleWriter?
  private var added: Set<TensorKey> = []
  private var hasDroppedOne = false
  private var isFinished = false

  init(_ path: String, _ fault: Fault) throws(CheckpointError) {
    (self.path, self.fault) = (path, fault)
    var options = FileOptions()
    options.durability = .none
    do throws(CheckpointError) {
      base = try BundleWriter(prefix: path, options: options)
    } catch  where fault == .sharesItsPlace && error.code == .busy {
      base = nil
    }
    switch fault {
    case .leavesAFile: try touch(path + ".left")
    case .removesTheOldFirst: try LocalFileSystem().removeFile(path + ".index")
    case .isSeenBeforeTheEnd: try write(at: path + "-other")
    default: break
    }
  }

  private func touch(_ path: String) throws(CheckpointError) {
    guard try LocalFileSystem().status(of: path) == nil else { return }
    try LocalFileSystem().createFile(path).close()
  }

  // A whole checkpoint, which gets the name before anybody has asked for that.
  private func write(at other: String) throws(CheckpointError) {
    var writer = try BundleWriter(prefix: other)
    try writer.add(Tensor<Float>(1), for: "x")
    try writer.finish()
    let (index, data) = (".index", ".data-00000-of-00001")
    try LocalFileSystem().rename(other + data, to: path + data)
    try LocalFileSystem().rename(other + index, to: path + index)
  }

  mutating func add(_ tensor: some TensorStorable, for key: TensorKey, part: TensorSlice.Part?)
    throws(CheckpointError)
  {
    if isFinished, fault == .takesMoreAfterTheEnd { return }
    if key.bytes.isEmpty, fault == .takesAnEmptyKey { return }
    if fault == .writesOneLess, !hasDroppedOne {
      hasDroppedOne = true
      return
    }
    var part = part
    if fault == .ignoresParts, part != nil {
      if !added.insert(key).inserted { return }
      part = nil
    }
    do throws(CheckpointError) {
      if fault == .writesOtherValues, let changed = changed(tensor) {
        try base?.add(changed, for: key, part: part)
      } else {
        try base?.add(tensor, for: key, part: part)
      }
    } catch {
      try rethrow(error, tensor.tensorSpec)
    }
  }

  private func changed(_ tensor: some TensorStorable) -> AnyTensor? {
    guard let values = try? tensor.tensorSnapshot(), values.storage != nil else { return nil }
    return TensorModel.tensor(
      values.spec, TensorModel.elements(of: values).map { $0.map { $0 ^ 1 } })
  }

  private func rethrow(_ error: CheckpointError, _ spec: TensorSpec) throws(CheckpointError) {
    var error = error
    switch (fault, error.code) {
    case (.dropsWhatComesTwice, .duplicateName): return
    case (.losesTheKeyOfWhatComesTwice, .duplicateName): error.key = nil
    case (.takesWrongByteCounts, .mismatch) where spec.dtype != .string: return
    case (.takesWrongStrings, .mismatch) where spec.dtype == .string: return
    case (.takesPartsOfAnotherShape, .mismatch): return
    default: break
    }
    throw error
  }

  mutating func finish() throws(CheckpointError) {
    if isFinished, fault == .finishesTwice { return }
    isFinished = true
    do throws(CheckpointError) {
      try base?.finish()
    } catch  where fault == .takesPartsThatOverlap && error.code == .mismatch {
      return
    }
  }
}
