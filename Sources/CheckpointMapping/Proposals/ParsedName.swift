/// A variable's name taken apart.
struct ParsedName {
  /// The name.
  let bytes: [UInt8]
  /// The name without its numbers.
  let template: NameTemplate
  /// The numbers, in order.
  let numbers: [Int]
  /// For a slot variable, the slot: `m`.
  let slot: String?
  /// What it may be for; empty if its name does not say.
  let role: NameVocabulary.Role
  /// The words of its path in their common spelling, without numbers and roles.
  let words: [String]
  /// The name of its layer, or, for a slot variable, of its variable.
  let parent: [UInt8]
  /// The same without numbers.
  let parentTemplate: [UInt8]

  /// Whether a byte separates the components of a path.
  static func isSeparator(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: "/") || byte == UInt8(ascii: ".")
  }

  /// Whether a byte is a decimal digit.
  static func isDigit(_ byte: UInt8) -> Bool { byte &- UInt8(ascii: "0") < 10 }

  /// Whether a byte separates words.
  static func isBreak(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "/"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"),
      UInt8(ascii: ":"), UInt8(ascii: " "), NameTemplate.number:
      true
    default: false
    }
  }
}
