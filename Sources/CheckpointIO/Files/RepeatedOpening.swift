// Files that belong together are opened while somebody may replace or delete them. Once the last one is open,
// all paths must still lead to the files that were opened; if not, opening begins again.

/// How the files of one checkpoint are opened so that they belong together.
package enum RepeatedOpening {
  /// Opens files, until nobody has replaced one meanwhile.
  ///
  /// - Parameters:
  ///   - path: The checkpoint.
  ///   - attempt: Opens them; returns `nil` if one was replaced.
  /// - Returns: What `attempt` returns.
  /// - Throws: `busy` if they are replaced again and again; what `attempt` throws.
  package static func open<Result>(
    _ path: String, _ attempt: () throws(CheckpointError) -> Result?
  ) throws(CheckpointError) -> Result {
    for _ in 0..<mostTries {
      if let opened = try attempt() { return opened }
    }
    throw CheckpointError(
      .busy,
      "this checkpoint was replaced \(mostTries) times while it was being opened; wait until whoever "
        + "saves to it has finished, or let every save have a name of its own", file: path)
  }

  /// Opens several files once.
  ///
  /// - Parameters:
  ///   - path: The checkpoint.
  ///   - body: Opens files, each of which it adds to its argument, and reads them.
  /// - Returns: What `body` returns; `nil` if a file was replaced meanwhile.
  /// - Throws: `notFound` if a file was deleted meanwhile; what `body` throws.
  package static func attempt<Result>(
    _ path: String, _ body: (inout [PooledFile]) throws(CheckpointError) -> Result
  ) throws(CheckpointError) -> Result? {
    var opened: [PooledFile] = []
    do throws(CheckpointError) {
      let result = try body(&opened)
      // One file has nothing to go together with.
      guard opened.count > 1 else { return result }
      return try isReplaced(opened, path) ? nil : result
    } catch {
      // A file that is missing may have been there with the others.
      let mayBeReplaced = error.maySayChange || [.notFound, .several].contains(error.code)
      guard mayBeReplaced, try isReplaced(opened, path) else { throw error }
      return nil
    }
  }

  private static func isReplaced(_ files: [PooledFile], _ path: String) throws(CheckpointError)
    -> Bool
  {
    for file in files {
      switch try file.change() {
      case .deleted: throw FileChange.deleted.error(at: path)
      case .replaced: return true
      case nil: continue
      }
    }
    return false
  }

  private static let mostTries = 10
}
