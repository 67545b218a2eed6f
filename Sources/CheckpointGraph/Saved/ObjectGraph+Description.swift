extension ObjectGraph: CustomStringConvertible {
  /// A tree of names, a line for each node, with its number; `->` stands before the number of a node
  /// that is shown elsewhere.
  ///
  /// The command `checkpoint graph` shows the same tree with dtypes, shapes and keys.
  public var description: String {
    // The short form is for a graph that could not be saved: it refers to a node that does not exist, or it is too
    // large.
    (try? SavedGraph(message: message))?.description ?? "a graph of \(nodes.count) nodes"
  }
}
