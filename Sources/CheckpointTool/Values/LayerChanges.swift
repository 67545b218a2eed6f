import CheckpointIO
import CheckpointStore

/// What two checkpoints differ in, layer by layer, for people and for programs.
struct LayerChanges {
  private let comparison: LayerComparison
  private let unreadCount: Int

  /// Takes what was found.
  ///
  /// - Parameters:
  ///   - comparison: It.
  ///   - unreadCount: How many tensors are not compared, since their types are not read here.
  init(_ comparison: LayerComparison, unreadCount: Int) {
    (self.comparison, self.unreadCount) = (comparison, unreadCount)
  }

  /// Writes it.
  ///
  /// - Returns: Whether nothing is different.
  func write(to output: StandardOutput, isJSON: Bool) throws(CheckpointError) -> ExitStatus {
    let changed = comparison.changes.filter(\.isChanged)
    if isJSON {
      try output.write(json.text + "\n")
    } else {
      try write(changed, output)
      try output.write(summary(changed.count) + "\n")
    }
    return changed.isEmpty ? .success : .failure
  }

  private func summary(_ changedCount: Int) -> String {
    let same = (comparison.changes.count - changedCount).of("layer")
    guard changedCount > 0 || unreadCount > 0 else { return "no difference: \(same)" }
    let changed = changedCount > 0 ? "\(changedCount.of("layer")) changed, " : ""
    let unread = unreadCount > 0 ? ", \(unreadCount.of("tensor")) not compared" : ""
    return "\(changed)\(same) the same\(unread)"
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
    return ["not_compared": .number(unreadCount), "layers": .array(layers, .around)]
  }
}

extension LayerComparison.Change {
  /// Whether a number has become none, or a tensor cannot be read.
  var isAlarming: Bool { hasNonFinite || damagedCount > 0 }

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
