import CheckpointTensors

/// A change of the beginning of names, or of whole names, in which numbers are taken over.
struct PathRule: Hashable, Comparable {
  /// What names begin with.
  let from: NameTemplate
  /// What they begin with instead.
  let to: NameTemplate
  /// Whether names have to be this as a whole.
  let isWhole: Bool

  /// The change between two names; `nil` if their numbers differ.
  init?(_ from: NameTemplate, _ numbers: [Int], _ to: NameTemplate, _ newNumbers: [Int]) {
    guard numbers == newNumbers, numbers.count <= 9 else { return nil }
    let tail = from.commonTail(with: to)
    self.from = from.dropLast(tail)
    self.to = to.dropLast(tail)
    isWhole = tail == 0
  }

  /// The rule.
  var rule: KeyMapping.Rule {
    if from.numberCount == 0, !isWhole {
      return .prefix(
        String(decoding: from.bytes, as: UTF8.self), to: String(decoding: to.bytes, as: UTF8.self))
    }
    return .replace("^" + from.expression() + (isWhole ? "$" : ""), with: to.replacement)
  }

  /// What the rule makes of a name.
  func applied(to name: [UInt8]) -> [UInt8] {
    guard let (count, numbers) = from.match(name), !isWhole || count == name.count else {
      return name
    }
    return to.filled(with: numbers) + name[count...]
  }

  static func < (one: PathRule, other: PathRule) -> Bool {
    (TensorKey(bytes: one.from.bytes), TensorKey(bytes: one.to.bytes))
      < (TensorKey(bytes: other.from.bytes), TensorKey(bytes: other.to.bytes))
  }
}
