import CheckpointIO

/// A checkpoint's name with a number at its end, `ckpt-7`, taken apart.
///
/// In the pattern of parts and in the name of a safetensors file, what follows the number does not count. Names
/// are compared in the order that people expect: `ckpt-9` comes before `ckpt-10`. Keras' callbacks are often
/// told to call checkpoints `cp-0007.ckpt`: these are numbered as well, apart from others. `best-0.35.ckpt` has
/// no number, but a metric.
package struct NumberedName: Comparable, Hashable, Sendable {
  /// The whole name.
  package let name: String
  /// What stands before the number, `ckpt-`, or all of it, if there is none.
  package let stem: String
  private let number: UInt64?
  private let ending: String

  /// Takes a name apart.
  ///
  /// - Parameter name: A name in a directory, no path.
  package init(_ name: String) {
    self.name = name
    let whole = Self.withoutEnding(name)
    let file = whole.removing(suffix: ".ckpt").flatMap { Self.isNumbered($0) ? $0 : nil }
    let numbered = file ?? whole
    ending = file == nil ? "" : ".ckpt"
    let digitCount = Self.digitCount(atEndOf: numbered)
    stem = String(decoding: numbered.utf8.dropLast(digitCount), as: UTF8.self)
    number = UInt64(String(decoding: numbered.utf8.suffix(digitCount), as: UTF8.self))
  }

  private static func digitCount(atEndOf name: String) -> Int {
    name.utf8.reversed().prefix(while: \.isDigit).count
  }

  private static func isNumbered(_ name: String) -> Bool {
    let count = digitCount(atEndOf: name)
    let mark = name.utf8.dropLast(count).last
    return count > 0 && (mark == UInt8(ascii: "-") || mark == UInt8(ascii: "_"))
  }

  private static func withoutEnding(_ name: String) -> String {
    if let parts = PartsName(pattern: name) { return parts.prefix }
    return name.removing(suffix: ".safetensors") ?? name
  }

  /// Whether it has the same stem as another name, up to a hyphen, and a higher number.
  package func comes(after other: NumberedName) -> Bool {
    guard let number, let otherNumber = other.number, number > otherNumber else { return false }
    return stem.utf8.last == UInt8(ascii: "-") && series.utf8.elementsEqual(other.series.utf8)
  }

  /// What names have in common that are the same but for their numbers: `ckpt-`, `cp-.ckpt`.
  package var series: String { stem + ending }

  /// Whether a file of this name may be one of a checkpoint that ``comes(after:)`` this one.
  func mayPrecede(file name: String) -> Bool {
    guard let number, name.begins(with: stem) else { return false }
    let start = stem.utf8.count
    return name.utf8.withSpan { name in
      name.digits(from: start).map { $0.number > number } ?? false
    }
  }

  /// The number behind a hyphen.
  package var step: Int? {
    guard stem.utf8.last == UInt8(ascii: "-") else { return nil }
    return number.flatMap { Int(exactly: $0) }
  }

  /// The number behind a name and a hyphen; `nil` for another name.
  package func step(of name: String) -> Int? {
    series.utf8.elementsEqual("\(name)-".utf8) ? step : nil
  }

  package static func < (one: NumberedName, other: NumberedName) -> Bool {
    (FileName(one.stem), one.number ?? .max, FileName(one.name))
      < (FileName(other.stem), other.number ?? .max, FileName(other.name))
  }

  // As the system compares names: byte by byte.
  package static func == (one: NumberedName, other: NumberedName) -> Bool {
    FileName(one.name) == FileName(other.name)
  }

  package func hash(into hasher: inout Hasher) {
    hasher.combine(FileName(name))
  }
}

extension UInt8 {
  fileprivate var isDigit: Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self) }
}
