// Paths as strings, split and joined at the last slash; nothing is normalised.

/// A path in two parts: the directory, and the name within it.
package struct Path: Hashable, Sendable {
  /// The directory: `.` if the path names none.
  package var directory: String
  /// What follows the last slash.
  package var name: String

  /// Splits a path at its last slash.
  package init(_ path: String) {
    guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else {
      (directory, name) = (".", path)
      return
    }
    let before = String(path[..<slash])
    directory = before.isEmpty ? "/" : before
    name = String(path[path.utf8.index(after: slash)...])
  }

  /// A path that has the directory's form: no `./` where none was given.
  package static func join(_ directory: String, _ name: String) -> String {
    if directory == "." || directory.isEmpty { return name }
    return directory.hasSuffix("/") ? directory + name : "\(directory)/\(name)"
  }

  /// Whether a path starts at the root.
  package static func isAbsolute(_ path: String) -> Bool { path.utf8.first == UInt8(ascii: "/") }

  /// The same without slashes at its end: `run/` and `run` are one directory; `/` stays.
  package static func withoutTrailingSlashes(_ path: String) -> String {
    var path = path[...]
    while path.utf8.count > 1, path.utf8.last == UInt8(ascii: "/") { path.removeLast() }
    return String(path)
  }
}
