import CheckpointIO

/// How the files of a model are called.
enum ModelNames {
  /// What all names begin with.
  static let stem = "model"
  /// The index.
  static let index = stem + ModelIndex.ending
  /// A model of one file.
  static let single = stem + ending
  static let ending = ".safetensors"

  /// The names of files, as Hugging Face calls them.
  ///
  /// - Parameters:
  ///   - count: How many there are.
  ///   - hasIndex: Whether an index names them, however many there are.
  ///   - generation: Sets them apart from those of a model that stands there.
  /// - Returns: The names.
  static func names(count: Int, hasIndex: Bool, generation: Int = 1) -> [String] {
    guard hasIndex else { return [single] }
    let stem = generation == 1 ? stem : "\(stem)-\(generation)"
    let path = SlicesPath(prefix: stem, shardCount: count)
    return (1...count).map { path.shard($0) + ending }
  }

  /// Names that nothing in a directory has; that of a model of one file is always free.
  static func free(
    count: Int, hasIndex: Bool, from first: Int, in directory: String, _ fileSystem: any FileSystem
  ) throws(CheckpointError) -> [String] {
    guard hasIndex else { return [single] }
    let mostFiles = SlicesPath.largestShardCount
    guard count <= mostFiles else {
      throw CheckpointError(
        .limitExceeded,
        "the model would have \(count) files, and names have room for \(mostFiles); let each be larger"
      )
    }
    let taken = Set(try fileSystem.namesInDirectory(directory).map(FileName.init))
    var generation = first
    while true {
      let names = names(count: count, hasIndex: true, generation: generation)
      if !names.contains(where: { taken.contains(FileName($0)) }) { return names }
      generation += 1  // there are fewer names than numbers
    }
  }

  /// Whether a name is that of a part: `model-00001-of-00002.safetensors`.
  static func isPart(_ name: String) -> Bool {
    guard let parts = PartsName(part: name) else { return false }
    return parts.isSafetensors && FileName(parts.prefix) == FileName(stem)
  }

  /// The parts of the one model whose parts are all there; none if there are several such models.
  static func completeParts(among names: [String]) -> [String] {
    let parts = names.filter(isPart)
    let byCount = Dictionary(grouping: parts) { $0.removing(suffix: ending)?.suffix(5) ?? "" }
    let complete = byCount.compactMap { count, parts -> [String]? in
      guard let count = Int(count), count == parts.count else { return nil }
      let wanted = Self.names(count: count, hasIndex: true)
      return Set(wanted) == Set(parts) ? wanted : nil
    }
    return complete.count == 1 ? complete[0] : []
  }

  // Files in other folders, and of other kinds, are not removed with a model.
  static func isOwn(_ name: String) -> Bool {
    name.removing(suffix: ending) != nil
      && !name.utf8.contains { $0 == UInt8(ascii: "/") || $0 < 0x20 }
  }
}
