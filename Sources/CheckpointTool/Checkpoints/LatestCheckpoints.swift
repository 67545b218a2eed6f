import CheckpointIO
import CheckpointStore

/// The latest checkpoints of a directory.
enum LatestCheckpoints {
  /// Finds them, and says which they are.
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
    let all = try listing.newestFirst().filter { !$0.isEmpty && $0.missing.isEmpty }
    // What the directory stands for elsewhere: a state file may say so.
    let latest = try CheckpointDirectory(directory).latest()
    let first = all.first { $0.path == latest } ?? all.first
    let newest = all.filter { $0.format == first?.format && $0.name.stem == first?.name.stem }
    guard newest.count >= count else { throw tooFew(newest.map(\.path), count, directory) }
    let paths = newest.prefix(count).reversed().map(\.path)
    StandardError.report(
      "the latest \(count) checkpoints in \(directory) are \(NameList.text(paths))")
    return paths
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
