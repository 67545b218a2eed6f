/// The words that occur, numbered, and how often they do.
struct WordDictionary {
  private var numbers: [String: Int] = [:]
  /// The words.
  private(set) var words: [String] = []
  private var counts: [Float] = []
  // For each word, the number of the last name that has it: in that name it counts once.
  private var lastNames: [Int] = []
  private var nameCount = 0

  /// The numbers of a name's words.
  mutating func numbers(of names: [String]) -> [Int] {
    var sequence: [Int] = []
    nameCount += 1
    for name in names {
      let number = numbers[name] ?? words.count
      if number == words.count {
        numbers[name] = number
        words.append(name)
        counts.append(0)
        lastNames.append(0)
      }
      if lastNames[number] != nameCount { counts[number] += 1 }
      lastNames[number] = nameCount
      sequence.append(number)
    }
    return sequence
  }

  /// How much it says that two names share each word: the rarer it is, the more.
  func weights() -> [Float] { counts.map { logarithm(1 + Float(nameCount) / max($0, 1)) } }

  // Roughly the logarithm to base 2: exact at powers of two, and linear in between. Only the order matters.
  private func logarithm(_ value: Float) -> Float {
    Float(value.exponent) + value.significand - 1
  }
}
