extension ObjectGraph: CustomStringConvertible {
  /// A tree of names, a line for each node, with its number; `->` stands before the number of a node
  /// that is shown elsewhere.
  ///
  /// The command `checkpoint graph` shows the same tree with dtypes, shapes and keys.
  public var description: String { treeLines.map { text($0) }.joined(separator: "\n") }

  /// A line of the tree as people read it.
  ///
  ///     model #1
  ///       kernel #10 'dense/kernel'
  ///
  /// - Parameters:
  ///   - line: The line.
  ///   - shown: Turns a name from the file into what may be shown.
  ///   - details: What is said of each value besides its name.
  /// - Returns: The line, without an end.
  package func text(
    _ line: TreeLine,
    shown: (String) -> String = { $0 },
    details: (Attribute) -> String = { _ in "" }
  ) -> String {
    var text = Self.indent(line.depth) + label(line, shown) + "#\(line.node)"
    guard !line.isReference else { return text }
    if case .slot(_, let variable) = line.edge { text += " of #\(variable)" }
    for attribute in nodes[line.node].attributes {
      if attribute.name != CheckpointKey.variableValue { text += " [\(shown(attribute.name))]" }
      if !attribute.fullName.isEmpty { text += " '\(shown(attribute.fullName))'" }
      text += details(attribute)
    }
    if let saver = nodes[line.node].registeredSaver {
      text += "  in files of the saver '\(shown(saver))'"
    }
    return text
  }

  private func label(_ line: TreeLine, _ shown: (String) -> String) -> String {
    let arrow = line.isReference ? "-> " : ""
    switch line.edge {
    case .none: return line.node == 0 ? "root " : "unreached "
    case .child(let name): return "\(name.isEmpty ? "''" : shown(name)) \(arrow)"
    case .slot(let name, _): return "slot \(shown(name)) \(arrow)"
    }
  }

  // The indents of a chain would take space that grows with the square of its length.
  private static func indent(_ depth: Int) -> String {
    let indent = String(repeating: "  ", count: min(depth, deepestIndent))
    return depth > deepestIndent ? "\(indent)(\(depth)) " : indent
  }

  private static let deepestIndent = 40
}
