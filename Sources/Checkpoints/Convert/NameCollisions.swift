import CheckpointIO
import CheckpointTensors

/// Tensors that would be written under the same names.
struct NameCollisions {
  private let tensors: [ConvertedTensor]

  /// Looks for them.
  ///
  /// - Parameter tensors: All that would be written, in that order.
  init(among tensors: [ConvertedTensor]) { self.tensors = tensors }

  /// Checks that there are none.
  ///
  /// - Throws: `duplicateName` with all of them.
  func check() throws(CheckpointError) {
    let pairs = pairs
    let problems = pairs.map { Self.error($0, $1) }
    let error = CheckpointError.combining(problems) { "\($0) names would be given twice" }
    guard let error else { return }
    let areSlices = pairs.allSatisfy { $0.isPartOfTensor(with: $1) }
    throw error.adding(
      areSlices
        ? "'checkpoint merge --move', or CheckpointConversion.merge(_:into:), joins them in V2 checkpoints, which "
          + "become the new one"
        : "give one of them another name first: rename it, or convert it with a KeyMapping ('checkpoint "
          + "rename', 'checkpoint convert --map')")
  }

  // Each tensor whose name is taken with the one before it that has it, in the order of writing. Names that
  // ascend, as those of one source do, need not be sorted.
  private var pairs: [(ConvertedTensor, ConvertedTensor)] {
    let isAscending = zip(tensors, tensors.dropFirst()).allSatisfy { $0.key < $1.key }
    guard !isAscending else { return [] }
    let order = tensors.indices.sorted { left, right in
      (tensors[left].key, left) < (tensors[right].key, right)
    }
    return zip(order, order.dropFirst()).filter { tensors[$0].key == tensors[$1].key }
      .sorted { $0.1 < $1.1 }.map { (tensors[$0], tensors[$1]) }
  }

  // Names the files too, unless one file has both under different names.
  private static func error(_ one: ConvertedTensor, _ other: ConvertedTensor) -> CheckpointError {
    let showsFiles = one.file != other.file || one.source == other.source
    let names = [one, other].map { tensor in
      "'\(tensor.source)'" + (showsFiles ? " of '\(tensor.file ?? "")'" : "")
    }
    let finding =
      one.isPartOfTensor(with: other)
      ? "are slices of one tensor" : "would both be called '\(other.key)'"
    return CheckpointError(.duplicateName, "\(names[0]) and \(names[1]) \(finding)")
  }
}

extension ConvertedTensor {
  /// Whether this and another of the same name are stored slices of one tensor, none of which overlap.
  fileprivate func isPartOfTensor(with other: ConvertedTensor) -> Bool {
    guard !slices.isEmpty, !other.slices.isEmpty, spec == other.spec, source == other.source,
      source == key
    else { return false }
    return (try? StoredParts(slices + other.slices, of: spec.shape)) != nil
  }
}
