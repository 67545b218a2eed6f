/// The words that occur, numbered, and how often they do.
struct WordDictionary {
  private var numbers: [String: Int] = [:]
  /// The words.
  private(set) var words: [String] = []
  private var counts: [Float] = []
  private var total: Float = 0

  /// The numbers of a name's words.
  mutating func numbers(of names: [String]) -> [Int] {
    var sequence: [Int] = []
    for name in names {
      let number = numbers[name] ?? words.count
      if number == words.count {
        numbers[name] = number
        words.append(name)
        counts.append(0)
      }
      if !sequence.contains(number) { counts[number] += 1 }
      sequence.append(number)
    }
    total += 1
    return sequence
  }

  /// How much it says that two names share each word: the rarer it is, the more.
  func weights() -> [Float] { counts.map { logarithm(1 + total / max($0, 1)) } }

  // Roughly the logarithm to base 2: exact at powers of two, and linear in between. Only the order matters.
  private func logarithm(_ value: Float) -> Float {
    Float(value.exponent) + value.significand - 1
  }
}
