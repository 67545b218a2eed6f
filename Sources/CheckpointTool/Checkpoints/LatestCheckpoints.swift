import CheckpointIO
import CheckpointStore

/// The latest checkpoints of a directory.
enum LatestCheckpoints {
  /// Finds them, and says which they are, and which newer ones are left out since something is wrong with
  /// their files.
  ///
  /// - Parameters:
  ///   - count: How many.
  ///   - directory: Where.
  /// - Returns: Their paths, the latest one last: checkpoints of one name, that of the latest one in the directory.
  /// - Throws: `notFound` if there are fewer; `notACheckpoint` if there is no such directory.
  static func paths(_ count: Int, in directory: String) throws(CheckpointError) -> [String] {
    let listing = try DirectoryListing(ofAny: directory, fileSystem: LocalFileSystem())
    guard let listing else {
      throw CheckpointError(
        .notACheckpoint, "this is no directory; '--last' takes one", file: directory)
    }
    let all = try listing.newestFirst()
    guard let first = try latest(of: all, in: directory) else {
      throw tooFew([], count, directory)
    }
    let named = all.filter { $0.format == first.format && $0.name.series == first.name.series }
    let newest = named.filter { $0.finding == nil }
    let oldest = newest.count < count ? nil : newest.prefix(count).last?.name
    for checkpoint in named {
      guard let finding = checkpoint.finding else { continue }
      if isNewer(checkpoint.name, than: oldest) { reportLeftOut(checkpoint.path, finding) }
    }
    try reportForeignFiles(like: first, newerThan: oldest, in: listing)
    guard newest.count >= count else { throw tooFew(newest.map(\.path), count, directory) }
    let paths = newest.prefix(count).reversed().map(\.path)
    StandardError.report(
      "the latest \(count) checkpoints in \(directory) are \(NameList.text(paths))")
    return paths
  }

  // What the directory stands for elsewhere: a state file may say so, even if something is wrong with that
  // one.
  private static func latest(of all: [ListedCheckpoint], in directory: String)
    throws(CheckpointError) -> ListedCheckpoint?
  {
    let whole = all.filter { $0.finding == nil }
    guard let latest = try CheckpointDirectory(directory).latest() else { return whole.first }
    if let listed = all.first(where: { FileName($0.path) == FileName(latest) }) { return listed }
    let series = FileName(NumberedName(Path(latest).name).series)
    return whole.first { FileName($0.name.series) == series } ?? whole.first
  }

  // MARK: What is left out

  private static func isNewer(_ name: NumberedName, than oldest: NumberedName?) -> Bool {
    oldest.map { $0 < name } ?? true
  }

  // A file is a checkpoint by its content: one that is cut, or something else, has only the name of one.
  private static func reportForeignFiles(
    like first: ListedCheckpoint, newerThan oldest: NumberedName?, in listing: DirectoryListing
  ) throws(CheckpointError) {
    guard [.v1, .safetensors].contains(first.format) else { return }
    let fileSystem = LocalFileSystem()
    for candidate in listing.candidates where candidate.isSingle {
      let (name, path) = (candidate.name, listing.path(candidate.name.name))
      guard name.series == first.name.series, isNewer(name, than: oldest),
        name.name.hasSuffix(".safetensors") == (first.format == .safetensors),
        !listing.has("\(name.name).index"), try listing.checkpoint(candidate) == nil,
        try fileSystem.reachableStatus(of: path)?.kind == .file
      else { continue }
      reportLeftOut(path, MissingCheckpoint(at: path, fileSystem).error.message)
    }
  }

  private static func reportLeftOut(_ path: String, _ finding: String) {
    StandardError.report("note: '\(path)' is left out: \(finding)")
  }

  private static func tooFew(_ found: [String], _ count: Int, _ directory: String)
    -> CheckpointError
  {
    let wanted = "\(count) checkpoints are wanted, the directory has"
    let finding =
      found.isEmpty
      ? "\(wanted) none"
      : "\(wanted) \(found.count) of the name of its latest one: \(NameList.text(found)); name the files, if "
        + "you mean others"
    return CheckpointError(.notFound, finding, file: directory)
  }
}

extension ListedCheckpoint {
  /// Why it cannot be read, as far as names and sizes tell; `nil` if nothing is wrong.
  fileprivate var finding: String? {
    guard !isEmpty else { return "its index is an empty file" }
    guard !missing.isEmpty else { return nil }
    return "\(NameList.text(missing)) \(missing.count == 1 ? "is" : "are") missing"
  }
}
