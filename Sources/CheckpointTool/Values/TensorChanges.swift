import CheckpointIO
import CheckpointStore
import CheckpointTensors
import Checkpoints

/// What two checkpoints differ in, tensor by tensor, for people and for programs.
struct TensorChanges {
  private let comparison: CheckpointReader.Comparison
  private let unreadCount: Int

  /// Takes what was found.
  ///
  /// - Parameters:
  ///   - comparison: What the two differ in.
  ///   - unreadCount: How many tensors are not compared, since their types are not read here.
  init(_ comparison: CheckpointReader.Comparison, unreadCount: Int) {
    (self.comparison, self.unreadCount) = (comparison, unreadCount)
  }

  /// Writes it.
  ///
  /// - Returns: Whether nothing is different.
  func write(to output: StandardOutput, isJSON: Bool) throws(CheckpointError) -> ExitStatus {
    if isJSON {
      try output.write(json.text + "\n")
    } else {
      for line in all(Self.line, Self.line) { try output.write(line) }
      try output.write(summary)
    }
    return comparison.isEqual ? .success : .failure
  }

  // What is different and what cannot be read, in byte order of the names.
  private func all<Row>(
    _ difference: (CheckpointReader.Comparison.Difference) -> Row, _ damaged: (DamagedTensor) -> Row
  ) -> [Row] {
    var rows = comparison.differences.map { ($0.key, difference($0)) }
    rows += comparison.damaged.map { ($0.key, damaged($0)) }
    return rows.sorted { $0.0 < $1.0 }.map { $0.1 }
  }

  // MARK: For people

  private static func line(_ difference: CheckpointReader.Comparison.Difference) -> String {
    let name = TensorName.shown(difference.key.bytes)
    return switch difference.kind {
    case .onlyInFirst(let spec): "\(Paint.red.on("- \(name)"))  \(spec)\n"
    case .onlyInSecond(let spec): "\(Paint.green.on("+ \(name)"))  \(spec)\n"
    case .spec(let first, let second): "\(Paint.red.on("! \(name)"))  \(first), \(second)\n"
    case .values(let spec, let count, let largest):
      "\(Paint.yellow.on("~ \(name)"))  \(spec)  \(count) of \(spec.shape.elementCount.of("element"))"
        + (largest.map { ", by at most \($0)" } ?? "") + "\n"
    }
  }

  private static func line(_ tensor: DamagedTensor) -> String {
    "\(Paint.red.on("? \(TensorName.shown(tensor.key.bytes))"))  \(tensor.spec)  not readable\n"
  }

  private var summary: String {
    let equal = comparison.equalCount.of("tensor")
    guard !comparison.isEqual || unreadCount > 0 else { return "no difference: \(equal)\n" }
    let differences = comparison.differences.count
    let counts = [
      differences > 0 ? differences.of("difference") : nil, "\(equal) the same",
      comparison.damaged.isEmpty ? nil : "\(comparison.damaged.count) not readable",
      unreadCount > 0 ? "\(unreadCount) not compared" : nil,
    ]
    return counts.compactMap { $0 }.joined(separator: ", ") + "\n"
  }

  // MARK: For programs

  private var json: JSONValue {
    [
      "equal": .number(comparison.equalCount), "not_compared": .number(unreadCount),
      "differences": .array(all(Self.json, Self.json), .around),
    ]
  }

  private static func json(_ difference: CheckpointReader.Comparison.Difference) -> JSONValue {
    var members = JSONValue.name(difference.key)
    switch difference.kind {
    case .onlyInFirst(let spec): members += specs("only_in_first", spec, nil)
    case .onlyInSecond(let spec): members += specs("only_in_second", nil, spec)
    case .spec(let first, let second): members += specs("spec", first, second)
    case .values(let spec, let count, let largest):
      members += specs("values", spec, spec)
      members += [
        ("differing", .number(count)), ("elements", .number(spec.shape.elementCount)),
        ("largest_distance", .distance(largest)),
      ]
    }
    return .object(members)
  }

  private static func json(_ tensor: DamagedTensor) -> JSONValue {
    .object(JSONValue.name(tensor.key) + specs("damaged", tensor.spec, tensor.spec))
  }

  private static func specs(_ kind: String, _ first: TensorSpec?, _ second: TensorSpec?)
    -> [JSONValue.Member]
  {
    [
      ("kind", .string(kind)), ("first", .stringIfAny(first?.description)),
      ("second", .stringIfAny(second?.description)),
    ]
  }
}
