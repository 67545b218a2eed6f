import CheckpointBundle
public import CheckpointIO
import CheckpointSlices
import CheckpointWire

/// A directory that checkpoints were saved to: finds the newest.
///
///     if let path = try CheckpointDirectory("run").latest() {
///       try checkpoint.restore(from: path).assertConsumed()  // run/ckpt-7
///     }
///
/// Paths are literal: directories with `[`, `*`, `?` or `\` in their names work.
///
/// Source: tensorflow/python/checkpoint/checkpoint_management.py, `latest_checkpoint`.
public struct CheckpointDirectory: Sendable {
  /// The directory's path; `.` for an empty one.
  public let path: String
  private let filename: String
  private let fileSystem: any FileSystem

  /// Names a directory, which need not exist.
  ///
  /// - Parameters:
  ///   - path: The directory.
  ///   - filename: The state file's name; another one if several savers share a directory.
  public init(_ path: String, filename: String = "checkpoint") {
    self.init(path, filename: filename, fileSystem: LocalFileSystem())
  }

  /// The same, in a file system of the caller's choice.
  package init(_ path: String, filename: String = "checkpoint", fileSystem: any FileSystem) {
    self.path = path.isEmpty ? "." : path
    self.filename = filename
    self.fileSystem = fileSystem
  }

  /// The newest checkpoint, by the directory's state file; `nil` if there is no such file, or if
  /// the checkpoint that it names is not there.
  ///
  /// A checkpoint is there if its index file is, or a file of the path itself (format V1), or a
  /// file that matches its five question marks (`m-3-?????-of-00002`, a V1 checkpoint in parts).
  /// If the file records an absolute path that leads nowhere, the directory was moved: the
  /// checkpoint of the same name in this directory is taken. Other checkpoints are not tried.
  ///
  /// The state file may name a path outside the directory. This function only looks whether there
  /// is a file; where state files come from strangers, check the path before restoring from it.
  ///
  /// - Throws: `corrupt` if the state file is none, see ``CheckpointState/read(from:filename:)``;
  ///   `io` if the system fails.
  public func latest() throws(CheckpointError) -> String? {
    let file = try StateFile(in: path, name: filename, fileSystem: fileSystem)
    guard let recorded = try file.readMessage()?.modelCheckpointPath else { return nil }
    let named = file.resolve(recorded)
    if try fileSystem.hasCheckpoint(at: named) { return named }
    guard Path.isAbsolute(recorded) else { return nil }
    let moved = Path.join(path, Path(recorded).name)
    return try fileSystem.hasCheckpoint(at: moved) ? moved : nil
  }

  /// What the file is like that a save completes last; `nil` if it is not there.
  func committedStatus(of path: String) throws(CheckpointError) -> FileStatus? {
    if let status = try fileSystem.status(of: BundlePath(path).index) { return status }
    if let status = try fileSystem.status(of: path) { return status }
    // The parts of a V1 checkpoint: the first is always there.
    return try SlicesPath(pattern: path).flatMap { parts throws(CheckpointError) in
      try parts.shards.first.flatMap { first throws(CheckpointError) in
        try fileSystem.status(of: first)
      }
    }
  }

  /// Whether a checkpoint can be opened.
  func isComplete(_ path: String) -> Bool {
    (try? CheckpointReader(path, fileSystem: fileSystem)) != nil
  }

  /// The prefixes of all checkpoints in the directory, by their index files, in the order of their
  /// names and numbers (`ckpt-9` before `ckpt-10`).
  ///
  /// An index file is the last file that a save completes; empty ones, which failed saves of
  /// TensorFlow leave behind, do not count. Useful to say what there is instead of what is missing.
  ///
  /// - Throws: `notFound` if there is no such directory; `io` if the system fails.
  public func prefixes() throws(CheckpointError) -> [String] {
    var names: [NumberedName] = []
    for name in try fileSystem.namesInDirectory(path) {
      guard name.hasSuffix(".index"), name != ".index" else { continue }
      let status = try fileSystem.status(of: Path.join(path, name))
      guard let status, status.kind == .file, status.byteCount > 0 else { continue }
      names.append(NumberedName(String(name.dropLast(".index".count))))
    }
    return names.sorted().map { Path.join(path, $0.name) }
  }
}

extension FileSystem {
  /// Whether there is a checkpoint of this prefix (V2), or of this file or pattern (V1).
  package func hasCheckpoint(at prefix: String) throws(CheckpointError) -> Bool {
    if try status(of: prefix + ".index")?.kind == .file { return true }
    if try status(of: prefix)?.kind == .file { return true }
    return try hasShard(of: prefix)
  }

  private func hasShard(of pattern: String) throws(CheckpointError) -> Bool {
    let path = Path(pattern)
    guard let pattern = ShardPattern(path.name) else { return false }
    guard try status(of: path.directory)?.kind == .directory else { return false }
    return try namesInDirectory(path.directory).contains(where: pattern.matches)
  }
}

/// The name of a V1 checkpoint in parts, `m-3-?????-of-00002`, which no file has: its files have
/// five digits in the place of the question marks.
private struct ShardPattern {
  private let stem: String.UTF8View.SubSequence
  private let count: String.UTF8View.SubSequence

  init?(_ name: String) {
    let utf8 = name.utf8
    count = utf8.suffix(utf8.reversed().prefix(while: \.isDigit).count)
    let marker = "?????-of-".utf8
    let rest = utf8.dropLast(count.count)
    guard count.count >= 5, rest.suffix(marker.count).elementsEqual(marker) else { return nil }
    stem = rest.dropLast(marker.count)
  }

  func matches(_ name: String) -> Bool {
    let rest = name.utf8.dropFirst(stem.count)
    return name.utf8.starts(with: stem)
      && rest.prefix(while: \.isDigit).count == 5
      && rest.dropFirst(5).elementsEqual("-of-".utf8 + Array(count))
  }
}

/// A name with a number at its end, in the order that people expect.
private struct NumberedName: Comparable {
  let name: String
  private let stem: String
  private let number: UInt64

  init(_ name: String) {
    self.name = name
    let digitCount = name.utf8.reversed().prefix(while: \.isDigit).count
    stem = String(name.dropLast(digitCount))  // digits are a character each
    number = UInt64(name.suffix(digitCount)) ?? .max
  }

  static func < (one: NumberedName, other: NumberedName) -> Bool {
    (one.stem, one.number, one.name) < (other.stem, other.number, other.name)
  }
}

extension UInt8 {
  fileprivate var isDigit: Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self) }
}
