/// A name in a graph: of a tensor, `node:2` or `node`; or of a node that is waited for, `^node`.
struct GraphName {
  /// The node.
  let node: Substring
  /// Which of its outputs: 0 if the name does not say.
  let output: Int

  init(_ name: String) {
    let isControl = name.utf8.first == UInt8(ascii: "^")
    let name = isControl ? name.dropFirst() : name[...]
    guard let colon = name.utf8.lastIndex(of: UInt8(ascii: ":")),
      let output = Int(name[name.utf8.index(after: colon)...])
    else {
      (node, output) = (name, 0)
      return
    }
    node = name[..<colon]
    self.output = output
  }
}
