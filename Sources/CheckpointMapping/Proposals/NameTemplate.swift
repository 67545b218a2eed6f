/// A name in which numbers are left open: `layer_#/kernel` stands for `layer_0/kernel` and
/// `layer_11/kernel`.
struct NameTemplate: Hashable {
  /// The name, with one byte that no UTF-8 has in the place of each number.
  let bytes: [UInt8]

  /// What stands for a number.
  static let number: UInt8 = 0xFF

  /// How many numbers are open.
  var numberCount: Int { bytes.count { $0 == Self.number } }

  /// The template that is left without so many bytes at the end.
  func dropLast(_ count: Int) -> NameTemplate { NameTemplate(bytes: Array(bytes.dropLast(count))) }

  /// How many bytes at the end two templates have in common, from a separator on.
  func commonTail(with other: NameTemplate) -> Int {
    var count = 0
    for (one, two) in zip(bytes.reversed(), other.bytes.reversed()) {
      guard one == two else { break }
      count += 1
    }
    while count > 0, !(endsAtSeparator(bytes, count) && endsAtSeparator(other.bytes, count)) {
      count -= 1
    }
    return count
  }

  private func endsAtSeparator(_ bytes: [UInt8], _ tail: Int) -> Bool {
    bytes.count == tail || ParsedName.isSeparator(bytes[bytes.count - tail - 1])
  }

  /// The beginning of a name that fits this template; `nil` for another name.
  ///
  /// - Parameter name: The name.
  /// - Returns: How many bytes of it fit, and the digits of the numbers.
  func match(_ name: [UInt8]) -> (count: Int, numbers: [ArraySlice<UInt8>])? {
    var position = 0
    var numbers: [ArraySlice<UInt8>] = []
    for byte in bytes {
      if byte == Self.number {
        let digits = name[position...].prefix { ParsedName.isDigit($0) }
        guard !digits.isEmpty else { return nil }
        numbers.append(digits)
        position += digits.count
      } else {
        guard position < name.count, name[position] == byte else { return nil }
        position += 1
      }
    }
    return (position, numbers)
  }

  /// The name with numbers filled in.
  func filled(with numbers: [ArraySlice<UInt8>]) -> [UInt8] {
    var result: [UInt8] = []
    var next = 0
    for byte in bytes {
      if byte == Self.number {
        result += numbers[next]
        next += 1
      } else {
        result.append(byte)
      }
    }
    return result
  }

  /// A regular expression for the names; each number is a group if they are asked for.
  func expression(groups: Bool = true) -> String {
    pieces(number: { _ in groups ? #"(\d+)"# : #"\d+"# }) { character in
      #"\.^$*+?()[]{}|"#.unicodeScalars.contains(character) ? "\\\(character)" : String(character)
    }
  }

  /// What replaces a match of another template's expression.
  var replacement: String { pieces(number: { "$\($0)" }) { $0 == "$" ? "$$" : String($0) } }

  private func pieces(number: (Int) -> String, escape: (Unicode.Scalar) -> String) -> String {
    var result = ""
    for (index, piece) in bytes.split(separator: Self.number, omittingEmptySubsequences: false)
      .enumerated()
    {
      if index > 0 { result += number(index) }
      result += String(decoding: piece, as: UTF8.self).unicodeScalars.map(escape).joined()
    }
    return result
  }
}
