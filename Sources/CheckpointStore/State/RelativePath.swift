import CheckpointIO

/// Ways from a directory to a file.
enum RelativePath {
  /// The path that leads from `directory` to where `path` leads.
  ///
  /// Its result is `nil` if their names alone do not tell. Where links are on the way up, `..` leads
  /// to the parent of the link's target.
  static func path(_ path: String, from directory: String) -> String? {
    guard Path.isAbsolute(path) == Path.isAbsolute(directory) else { return nil }
    if let name = name(of: path, in: directory) { return name }
    var (to, from) = (parts(of: path)[...], parts(of: directory)[...])
    while let part = from.first, to.count > 1, to.first?.elementsEqual(part) == true {
      to.removeFirst()
      from.removeFirst()
    }
    guard !from.contains(where: { $0.elementsEqual("..".utf8) }) else { return nil }
    return (from.map { _ in ".." } + to.map { String(Substring($0)) }).joined(separator: "/")
  }

  // Of a file in the directory itself, which is spelt alike, as most are.
  private static func name(of path: String, in directory: String) -> String? {
    guard path.begins(with: directory) else { return nil }
    let rest = path.utf8.dropFirst(directory.utf8.count)
    let name = rest.dropFirst()
    guard rest.first == UInt8(ascii: "/"), !name.isEmpty, !name.contains(UInt8(ascii: "/")),
      !name.elementsEqual(".".utf8)
    else { return nil }
    return String(Substring(name))
  }

  // Names between slashes; empty ones and `.` lead nowhere.
  private static func parts(of path: String) -> [Substring.UTF8View] {
    path.utf8.split(separator: UInt8(ascii: "/")).filter { !$0.elementsEqual(".".utf8) }
  }
}
