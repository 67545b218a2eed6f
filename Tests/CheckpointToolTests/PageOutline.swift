import Foundation

/// The elements of a page, for tests: a strict reading, in which every element ends where it has to.
struct PageOutline {
  /// The text of each element of a name, without tags, in the order of their beginnings.
  private(set) var texts: [String: [String]] = [:]
  /// The names of all attributes, and their values.
  private(set) var attributes: [(name: String, value: String)] = []

  enum Problem: Error { case noEnd(String), wrongEnd(String, String) }

  /// - Throws: If elements are not nested, or not ended.
  init(_ page: String) throws {
    var open: [(name: String, index: Int)] = []
    var rest = page[...]
    while let start = rest.firstIndex(of: "<") {
      note(String(rest[..<start]), in: open)
      guard let end = rest[start...].firstIndex(of: ">") else { throw Problem.noEnd("<") }
      let tag = String(rest[rest.index(after: start)..<end])
      rest = rest[rest.index(after: end)...]
      let name = String(tag.prefix { !$0.isWhitespace })
      if name.hasPrefix("!") { continue }
      if name.hasPrefix("/") {
        let last = open.popLast()?.name ?? ""
        guard last == name.dropFirst() else { throw Problem.wrongEnd(last, name) }
        continue
      }
      noteAttributes(tag)
      if ["meta", "input", "wbr"].contains(name) || tag.hasSuffix("/") { continue }
      open.append((name, texts[name, default: []].count))
      texts[name, default: []].append("")
      if name == "style" || name == "script" {  // no elements in these
        guard let end = rest.range(of: "</\(name)>") else { throw Problem.noEnd(name) }
        texts[name]?[open.removeLast().index] = String(rest[..<end.lowerBound])
        rest = rest[end.upperBound...]
      }
    }
    if let last = open.last { throw Problem.noEnd(last.name) }
  }

  private mutating func note(_ text: String, in open: [(name: String, index: Int)]) {
    for (name, index) in open { texts[name]?[index] += text }
  }

  private mutating func noteAttributes(_ tag: String) {
    for match in tag.matches(of: /([a-zA-Z-]+)="([^"]*)"/) {
      attributes.append((String(match.1), String(match.2)))
    }
  }

  /// The values of an attribute.
  func values(of name: String) -> [String] { attributes.filter { $0.name == name }.map(\.value) }
}
