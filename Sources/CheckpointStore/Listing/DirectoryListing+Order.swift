package import CheckpointIO

// Which checkpoint comes after which: within one name by number, and only between names by time.

extension DirectoryListing {
  /// All checkpoints, the newest first, without what a state file says: those of V2 before others; then by
  /// name, that which was written last before others; then by number, the highest before others.
  ///
  /// - Throws: `io` if the system refuses.
  package func newestFirst() throws(CheckpointError) -> [ListedCheckpoint] {
    try newestBundles() + newestOthers()
  }

  /// Some checkpoints of one directory in the order of ``newestFirst()``.
  static func newestFirst(among checkpoints: [ListedCheckpoint]) -> [ListedCheckpoint] {
    newestFirst(checkpoints.filter { $0.format == .v2 })
      + newestFirst(checkpoints.filter { $0.format != .v2 })
  }

  /// Those of V2 among them: for these no file is opened.
  ///
  /// - Throws: `io` if the system refuses.
  package func newestBundles() throws(CheckpointError) -> [ListedCheckpoint] {
    Self.newestFirst(try checkpoints(among: candidates.filter(\.isBundle)))
  }

  /// The others.
  ///
  /// - Throws: `io` if the system refuses.
  package func newestOthers() throws(CheckpointError) -> [ListedCheckpoint] {
    Self.newestFirst(try checkpoints(among: candidates.filter { !$0.isBundle }))
  }

  private static func newestFirst(_ checkpoints: [ListedCheckpoint]) -> [ListedCheckpoint] {
    var times: [FileName: FileTime] = [:]  // by series
    for checkpoint in checkpoints {
      let series = FileName(checkpoint.name.series)
      times[series] = max(times[series] ?? checkpoint.modified, checkpoint.modified)
    }
    return checkpoints.sorted { one, other in
      let (left, right) = (times[FileName(one.name.series)], times[FileName(other.name.series)])
      guard let left, let right, left != right else { return one.name > other.name }
      return left > right
    }
  }

  /// What may be checkpoints of the same name with higher numbers, the highest first.
  package func successors(of name: NumberedName) -> [Candidate] {
    candidates(beginningWith: name.stem).filter { $0.name.comes(after: name) }
      .sorted { $0.name > $1.name }
  }

  /// The checkpoints of TensorFlow's formats with a name and a number, the lowest number first.
  ///
  /// - Parameter name: What stands before the hyphen and the number.
  /// - Returns: `model-7`, `model-12` and so on; of V1 in several files, the pattern.
  /// - Throws: `io` if the system refuses.
  package func numbered(_ name: String) throws(CheckpointError) -> [ListedCheckpoint] {
    let wanted = candidates(beginningWith: name).filter { $0.name.step(of: name) != nil }
    return try checkpoints(among: wanted).filter { [.v1, .v2].contains($0.format) }.sorted {
      $0.name < $1.name
    }
  }
}
