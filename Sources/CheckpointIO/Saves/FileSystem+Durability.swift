extension FileSystem {
  /// Makes the names in a directory durable, if that is asked for.
  package func syncDirectory(_ path: String, durability: FileOptions.Durability)
    throws(CheckpointError)
  {
    if durability == .full { try syncDirectory(path) }
  }

  /// Creates a directory and those above it that are missing.
  ///
  /// - Parameters:
  ///   - path: The directory.
  ///   - durability: Whether their names are made durable.
  /// - Throws: `io` if the system fails.
  package func createDirectories(_ path: String, durability: FileOptions.Durability)
    throws(CheckpointError)
  {
    var missing: [String] = []
    var current = path
    while try status(of: current) == nil {
      missing.append(current)
      let parent = Path(current).directory
      guard parent != current else { break }
      current = parent
    }
    for directory in missing.reversed() {
      try createDirectory(directory)
      try syncDirectory(Path(directory).directory, durability: durability)
    }
  }
}
