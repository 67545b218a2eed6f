import CheckpointIO
import CheckpointStore

/// What two checkpoints differ in, layer by layer, for people and for programs.
struct LayerChanges {
  private let comparison: LayerComparison

  init(_ comparison: LayerComparison) { self.comparison = comparison }

  /// Writes it.
  ///
  /// - Returns: Whether nothing is different.
  func write(to output: StandardOutput, isJSON: Bool) throws(CheckpointError) -> ExitStatus {
    let changed = comparison.changes.filter(\.isChanged)
    if isJSON {
      try output.write(json.text + "\n")
    } else {
      try write(changed, output)
      let same = (comparison.changes.count - changed.count).of("layer")
      let summary =
        changed.isEmpty
        ? "no difference: \(same)" : "\(changed.count.of("layer")) changed, \(same) the same"
      try output.write(summary + "\n")
    }
    return changed.isEmpty ? .success : .failure
  }

  // MARK: For people

  private func write(_ changes: [LayerComparison.Change], _ output: StandardOutput)
    throws(CheckpointError)
  {
    guard !changes.isEmpty else { return }
    var table = TextTable([
      .left("layer", widthLimit: EntryTable.nameWidth), .right("relative change"),
      .right("largest distance"), .right("tensors changed"), .left("besides"),
    ])
    for change in changes {
      let name = TensorName.shown(change.name)
      table.add([
        TextTable.Cell(name, change.isAlarming ? .red : nil),
        TextTable.Cell(change.relativeText),
        TextTable.Cell(change.largestDistance?.shortText ?? "-"),
        TextTable.Cell("\(change.changedCount) of \(change.tensorCount)"),
        TextTable.Cell(change.besides),
      ])
    }
    try table.forEachLine { line throws(CheckpointError) in try output.write(line + "\n") }
  }

  // MARK: For programs

  private var json: JSONValue {
    let layers = comparison.changes.map { change -> JSONValue in
      .object(
        JSONValue.name(of: change.name) + [
          ("relative_change", .distance(change.relative)),
          ("largest_distance", .distance(change.largestDistance)),
          ("tensors", .number(change.tensorCount)), ("changed", .number(change.changedCount)),
          ("only_in_first", .number(change.onlyInFirst)),
          ("only_in_second", .number(change.onlyInSecond)),
          ("reshaped", .number(change.reshapedCount)),
          ("damaged", .number(change.damagedCount)),
        ])
    }
    return ["layers": .array(layers, .around)]
  }
}

extension LayerComparison.Change {
  /// Whether a number has become none, or a tensor cannot be read.
  var isAlarming: Bool { largestDistance == .infinity || damagedCount > 0 }

  /// The relative change in words.
  var relativeText: String {
    guard hasMoved else { return "-" }
    return isFromZero ? "from 0" : relative.shortText
  }

  /// What is not in both checkpoints, in words.
  var besides: String {
    let counts = [
      (onlyInFirst, "only in the first"), (onlyInSecond, "only in the second"),
      (reshapedCount, "of another type or shape"), (damagedCount, "not readable"),
    ]
    return counts.filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }.joined(separator: ", ")
  }
}
