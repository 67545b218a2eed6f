package import CheckpointIO

/// What saves that did not end have left in a directory.
///
/// Only what is provably ours goes: temporary files by their names, data files by the note in the
/// lock file; and only once the lock proves that the process is dead.
package struct Leftovers {
  private var names: Set<FileName>
  private let directory: String
  private let fileSystem: any FileSystem

  /// Lists a directory.
  package init(directory: String, fileSystem: any FileSystem) throws(CheckpointError) {
    self.directory = directory
    self.fileSystem = fileSystem
    names = Set(try fileSystem.namesInDirectory(directory).map(FileName.init))
  }

  /// Whether a prefix has an index.
  func hasIndex(of prefix: String) -> Bool {
    names.contains(FileName(prefix + BundlePath.indexSuffix))
  }

  /// The data files of a prefix, in order.
  func dataFiles(of prefix: String) -> [DataFileName] {
    names.compactMap { DataFileName($0.text) }
      .filter { FileName($0.prefix) == FileName(prefix) }
      .sorted { ($0.count, $0.shard) < ($1.count, $1.shard) }
  }

  /// Removes what dead saves to other prefixes or files than `name` have left, as far as it can: a
  /// save does not fail because somebody else's leftovers stay.
  package mutating func removeOthers(than name: String) {
    for target in targets().sorted() where target != FileName(name) {
      try? removeOther(target)
    }
  }

  private mutating func removeOther(_ target: FileName) throws(CheckpointError) {
    guard let lock = try SaveLock(path(target.text), fileSystem: fileSystem) else { return }
    guard lock.isExclusive else { return lock.abandon() }
    do throws(CheckpointError) {
      guard try remove(of: lock) else { return lock.abandon() }
    } catch {
      lock.abandon()  // with its note
      throw error
    }
    try lock.release()
  }

  // The prefixes and files that somebody has been saving to.
  private func targets() -> Set<FileName> {
    var targets: Set<FileName> = []
    for name in names {
      if let target = TemporaryName.target(ofLock: name.text) { targets.insert(FileName(target)) }
      if let file = TemporaryName.target(ofTemporary: name.text) {
        targets.insert(Self.prefix(ofFile: file))
      }
    }
    return targets
  }

  /// Removes what the last owner of a lock has left.
  ///
  /// - Returns: Whether the lock file is ours; if not, nothing is removed.
  @discardableResult
  mutating func remove(of lock: SaveLock) throws(CheckpointError) -> Bool {
    let target = Path(lock.target).name
    let text = try lock.note()
    guard SaveNote.mayHaveBegun(text) else { return false }
    let superfluous = superfluousCounts(SaveNote(text), target)
    for file in dataFiles(of: target) where superfluous.contains(file.count) {
      try remove(FileName(BundlePath(target).data(shard: file.shard, of: file.count)))
    }
    for name in names.sorted() {
      guard let file = TemporaryName.target(ofTemporary: name.text) else { continue }
      let isTarget = FileName(file) == FileName(target)
      if isTarget || Self.prefix(ofFile: file) == FileName(target) { try remove(name) }
    }
    return true
  }

  private mutating func remove(_ name: FileName) throws(CheckpointError) {
    guard try fileSystem.status(of: path(name.text))?.kind == .file else { return }
    try fileSystem.removeFile(path(name.text))
    names.remove(name)
  }

  // Which data files are of no use any more, by their counts. Whether the index that stands is the
  // one that the noted save wrote, its count tells, since it was free before; and whatever a note
  // says, what that index counts stays. If it cannot be read, nothing is proved.
  private func superfluousCounts(_ note: SaveNote?, _ target: String) -> Set<Int> {
    let standing = Self.shardCount(of: path(target), fileSystem: fileSystem)
    guard let note, let standing else { return [] }
    let unfinished: Set = note.keepsNew ? [] : [note.newCount]
    let superfluous = standing == note.newCount ? Set(note.replacedCounts) : unfinished
    return superfluous.subtracting([standing])
  }

  /// The number of data files that the index at a prefix counts: 0 if there is no index, `nil` if it
  /// cannot be read.
  static func shardCount(of prefix: String, fileSystem: any FileSystem) -> Int? {
    do throws(CheckpointError) {
      return try BundleReader(prefix: prefix, fileSystem: fileSystem, opensData: false)
        .shardCount
    } catch {
      return error.code == .notACheckpoint ? 0 : nil
    }
  }

  private static func prefix(ofFile name: String) -> FileName {
    if let data = DataFileName(name) { return FileName(data.prefix) }
    guard name.hasSuffix(BundlePath.indexSuffix) else { return FileName(name) }
    return FileName(String(name.dropLast(BundlePath.indexSuffix.count)))
  }

  private func path(_ name: String) -> String { Path.join(directory, name) }
}

/// A name, compared as the system compares names: byte by byte.
///
/// Strings are compared by meaning, so that an é is the same whether it is stored as one character
/// or as two.
private struct FileName: Hashable, Comparable {
  let text: String

  init(_ text: String) { self.text = text }

  static func == (left: FileName, right: FileName) -> Bool {
    left.text.utf8.elementsEqual(right.text.utf8)
  }

  static func < (left: FileName, right: FileName) -> Bool {
    left.text.utf8.lexicographicallyPrecedes(right.text.utf8)
  }

  func hash(into hasher: inout Hasher) {
    for byte in text.utf8 { hasher.combine(byte) }
  }
}
