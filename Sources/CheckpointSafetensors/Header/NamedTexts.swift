import CheckpointIO

/// Texts by name, such as a file has about itself: names and texts are compared byte by byte.
///
/// A dictionary of strings compares them by meaning: an é of one character and an é of two are one name there.
package struct NamedTexts: Sendable {
  // Names are compared as those of files are.
  private var texts: [FileName: String] = [:]

  /// No texts.
  package init() {}

  /// The texts of a dictionary.
  package init(_ dictionary: [String: String]) {
    for (name, text) in dictionary { self[name] = text }
  }

  /// Whether there are none.
  package var isEmpty: Bool { texts.isEmpty }

  /// The text of this name; `nil` if there is none.
  package subscript(name: String) -> String? {
    get { texts[FileName(name)] }
    set { texts[FileName(name)] = newValue }
  }

  /// Adds a text, unless there is one of this name.
  ///
  /// - Returns: Whether there was none.
  package mutating func add(_ text: String, as name: String) -> Bool {
    let key = FileName(name)
    guard texts[key] == nil else { return false }
    texts[key] = text
    return true
  }

  /// All of them, in byte order of the names.
  package var sorted: [(name: String, text: String)] {
    texts.sorted { $0.key < $1.key }.map { ($0.key.text, $0.value) }
  }

  /// What a dictionary can hold of them: of names that mean the same, the first in byte order.
  package var dictionary: [String: String] {
    Dictionary(sorted.map { ($0.name, $0.text) }) { first, _ in first }
  }
}

extension NamedTexts: Equatable {
  package static func == (left: NamedTexts, right: NamedTexts) -> Bool {
    left.sorted.elementsEqual(right.sorted) {
      $0.name.utf8.elementsEqual($1.name.utf8) && $0.text.utf8.elementsEqual($1.text.utf8)
    }
  }
}

extension NamedTexts: ExpressibleByDictionaryLiteral {
  package init(dictionaryLiteral texts: (String, String)...) {
    for (name, text) in texts { self[name] = text }
  }
}
