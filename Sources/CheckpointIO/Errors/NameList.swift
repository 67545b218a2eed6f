/// Names and places in a message, as a person can read them: the first few, and how many there are.
package enum NameList {
  /// `'a', 'b'`, and `… 9 in all` if there are more than `limit`.
  package static func text<Names: Collection>(_ names: Names, limit: Int = 8) -> String {
    let shown = names.prefix(limit).map { "'\($0)'" }.joined(separator: ", ")
    return names.count > limit ? "\(shown), … \(names.count) in all" : shown
  }
}
