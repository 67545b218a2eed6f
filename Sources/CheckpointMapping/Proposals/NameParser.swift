import CheckpointGraph

/// Takes names apart: the names of one program, which show together what in them is a number.
///
/// A number that stands by itself counts (`layer_0`, `layers.0`); one behind letters counts if they
/// have three numbers or more (`h0`, `h1`, `h2`), else it is part of a word (`fc1`, `beta1_power`).
struct NameParser {
  private var numbersOfStems: [ArraySlice<UInt8>: Set<Int>] = [:]

  /// Looks at all names.
  init(_ names: [[UInt8]]) {
    for name in names {
      for digits in Self.endingDigits(of: name[...]) {
        let stem = Self.stem(before: digits, in: name[...])
        guard !stem.isEmpty, numbersOfStems[stem, default: []].count < 3 else { continue }
        numbersOfStems[stem, default: []].insert(Self.value(name[digits]))
      }
    }
  }

  /// Takes one of them apart.
  func parse(_ name: [UInt8]) -> ParsedName {
    let (ownerCount, slot) = Self.owner(of: name)
    let leafStart = name[..<ownerCount].lastIndex(where: ParsedName.isSeparator).map { $0 + 1 } ?? 0
    let path = open(name[..<leafStart])
    let leaf = open(name[leafStart..<ownerCount])
    let rest = open(name[ownerCount...])
    let (words, role) = Self.words(of: path.template, leaf.template)
    return ParsedName(
      bytes: name, template: NameTemplate(bytes: path.template + leaf.template + rest.template),
      numbers: path.numbers + leaf.numbers + rest.numbers, slot: slot, role: role, words: words,
      parent: Array(name.prefix(slot == nil ? leafStart : ownerCount)),
      parentTemplate: slot == nil ? path.template : path.template + leaf.template)
  }

  // MARK: Numbers

  // Runs of digits at the end of a word.
  private static func endingDigits(of name: ArraySlice<UInt8>) -> [Range<Int>] {
    var runs: [Range<Int>] = []
    var start: Int?
    for index in name.startIndex...name.endIndex {
      if index < name.endIndex, ParsedName.isDigit(name[index]) {
        start = start ?? index
      } else if let first = start {
        if index == name.endIndex || ParsedName.isBreak(name[index]) { runs.append(first..<index) }
        start = nil
      }
    }
    return runs
  }

  private static func stem(before digits: Range<Int>, in name: ArraySlice<UInt8>) -> ArraySlice<
    UInt8
  > {
    let before = name[..<digits.lowerBound].lastIndex(where: ParsedName.isBreak)
    let start = before.map { $0 + 1 } ?? name.startIndex
    return name[start..<digits.lowerBound]
  }

  private static func value(_ digits: ArraySlice<UInt8>) -> Int {
    digits.prefix(18).reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) }  // 18 digits fit
  }

  // A part of a name, from one separator to another, with its numbers open.
  private func open(_ part: ArraySlice<UInt8>) -> (template: [UInt8], numbers: [Int]) {
    var template: [UInt8] = []
    var numbers: [Int] = []
    var position = part.startIndex
    for digits in Self.endingDigits(of: part) {
      let stem = Self.stem(before: digits, in: part)
      guard stem.isEmpty || numbersOfStems[stem, default: []].count >= 3 else { continue }
      template += part[position..<digits.lowerBound]
      template.append(NameTemplate.number)
      numbers.append(Self.value(part[digits]))
      position = digits.upperBound
    }
    return (template + part[position...], numbers)
  }

  // MARK: Slots

  // How much of a name is the variable's, and the slot if it is a slot variable.
  private static func owner(of name: [UInt8]) -> (Int, String?) {
    let count = CheckpointKey.path(ofVariable: name)?.count ?? name.count
    if let marker = slotMarker(in: name[..<count]) {
      let last = name[..<count].lastIndex(of: UInt8(ascii: "/")) ?? 0  // the marker has one
      return (marker, String(decoding: name[(last + 1)..<count], as: UTF8.self))
    }
    guard let last = name[..<count].lastIndex(where: ParsedName.isSeparator), last > 0,
      let slot = NameVocabulary.slots[String(decoding: name[(last + 1)..<count], as: UTF8.self)]
    else { return (count, nil) }
    return (last, slot)
  }

  private static let slotMarker = Array("/.OPTIMIZER_SLOT/".utf8)

  private static func slotMarker(in name: ArraySlice<UInt8>) -> Int? {
    name.indices.dropLast(slotMarker.count).first {
      name[$0] == UInt8(ascii: "/") && name[$0 + 1] == UInt8(ascii: ".")
        && name[$0...].starts(with: slotMarker)
    }
  }

  // MARK: Words

  private static func words(of path: [UInt8], _ leaf: [UInt8]) -> ([String], NameVocabulary.Role) {
    let leaf = split(leaf)
    let role = leaf.last.flatMap { NameVocabulary.roles[$0] } ?? []
    let rest = role.isEmpty || role == .embedding ? leaf : leaf.dropLast()
    return ((split(path) + rest).flatMap(meanings), role)
  }

  // A word with a number behind it means what the word means, and is a word of its own.
  private static func meanings(of word: String) -> [String] {
    if let meanings = NameVocabulary.meanings[word] { return meanings }
    guard let last = word.utf8.last, ParsedName.isDigit(last) else { return [word] }
    let stem = String(word.prefix { !$0.isNumber })
    guard !stem.isEmpty else { return [] }
    return (NameVocabulary.meanings[stem] ?? [stem]) + [word]
  }

  // In lower case; a capital letter behind a small one begins a word too.
  private static func split(_ text: [UInt8]) -> [String] {
    var words: [String] = []
    var word: [UInt8] = []
    var wasLower = false
    func finish() {
      if !word.isEmpty { words.append(String(decoding: word, as: UTF8.self)) }
      word.removeAll()
    }
    for byte in text {
      let isUpper = (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
      if ParsedName.isBreak(byte) || (isUpper && wasLower) { finish() }
      if !ParsedName.isBreak(byte) { word.append(isUpper ? byte | 0x20 : byte) }
      wasLower = !isUpper && !ParsedName.isBreak(byte)
    }
    finish()
    return words
  }
}

extension [UInt8] {
  /// Whether the bytes end so.
  func hasSuffix(_ suffix: [UInt8]) -> Bool { self.suffix(suffix.count).elementsEqual(suffix) }
}
