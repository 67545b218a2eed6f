package import CheckpointIO

// What saves to V2 checkpoints leave besides temporary files: data files that no index counts.

extension Leftovers {
  /// Whether a prefix has an index.
  func hasIndex(of prefix: String) -> Bool {
    names.contains(FileName(prefix + BundlePath.indexSuffix))
  }

  /// The data files of a prefix, in order.
  func dataFiles(of prefix: String) -> [DataFileName] {
    names.filter { $0.text.begins(with: prefix) }
      .compactMap { DataFileName($0.text) }
      .filter { FileName($0.prefix) == FileName(prefix) }
      .sorted { ($0.count, $0.shard) < ($1.count, $1.shard) }
  }

  /// Removes the data files that a dead save to a place has left.
  ///
  /// - Throws: `io` if the system fails.
  mutating func removeData(of location: SaveLocation) throws(CheckpointError) {
    if let noted = location.unsettled {
      guard try removeData(noted, of: location.name) else { return }
    }
    location.settle()
  }

  /// Removes what dead saves to all prefixes and files of the directory have left, as far as it can.
  package func removeAll() {
    removeAll { noted, lock, leftovers throws(CheckpointError) in
      guard try leftovers.removeData(noted, of: Path(lock.target).name) else {
        throw CheckpointError(.corrupt, "the index cannot be read", file: lock.target)
      }
    }
  }

  /// Removes what dead saves have left in a directory, as far as it can; it need not exist.
  package static func removeAll(in directory: String, fileSystem: any FileSystem) {
    try? Leftovers(directory: directory, fileSystem: fileSystem).removeAll()
  }

  // The standing index is the one that the noted save wrote if it has the noted count, since no file had that
  // count before. Whatever a note says, the data files that the standing index counts stay. If the index
  // cannot be read, nothing is proved, and nothing is removed.
  private mutating func removeData(_ noted: SaveNote.DataFiles, of prefix: String)
    throws(CheckpointError) -> Bool
  {
    guard let standing = try shardCount(of: prefix) else { return false }
    let unfinished: Set = noted.keepsNew ? [] : [noted.newCount]
    let superfluous = standing == noted.newCount ? Set(noted.replacedCounts) : unfinished
    let files = dataFiles(of: prefix).filter {
      $0.count != standing && superfluous.contains($0.count)
    }
    // The standing index may not be durable yet: a power cut must not bring back the one before it when the
    // data files of that one are gone.
    if !files.isEmpty { try fileSystem.syncDirectory(directory) }
    var saved: [String] = []
    for file in files {
      let name = BundlePath(prefix).data(shard: file.shard, of: file.count)
      if try fileSystem.entryStatus(of: path(name))?.kind.isSaved == true { saved.append(name) }
    }
    try remove(saved)
    return true
  }

  private func shardCount(of prefix: String) throws(CheckpointError) -> Int? {
    try Self.shardCount(of: path(prefix), fileSystem: fileSystem)
  }

  /// The number of data files that the index at a prefix counts: 0 if there is no index, `nil` if it
  /// says nothing that makes sense.
  ///
  /// - Throws: `io` if the system fails.
  static func shardCount(of prefix: String, fileSystem: any FileSystem) throws(CheckpointError)
    -> Int?
  {
    do throws(CheckpointError) {
      return try BundleReader(prefix: prefix, fileSystem: fileSystem, opensData: false)
        .shardCount
    } catch {
      switch error.code {
      case .notACheckpoint: return 0
      case .io: throw error
      default: return nil
      }
    }
  }
}
