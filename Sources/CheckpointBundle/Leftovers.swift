package import CheckpointIO

/// What saves that did not end have left in a directory.
///
/// Only what is provably ours goes: temporary files by their names, data files by the note in the
/// lock file; and only once the lock proves that the process is dead.
package struct Leftovers {
  /// The names in the directory that are left.
  private(set) var names: Set<String>
  private let directory: String
  private let fileSystem: any FileSystem

  /// Lists a directory.
  package init(directory: String, fileSystem: any FileSystem) throws(CheckpointError) {
    self.directory = directory
    self.fileSystem = fileSystem
    names = Set(try fileSystem.namesInDirectory(directory))
  }

  /// The data files of a prefix, in order.
  func dataFiles(of prefix: String) -> [DataFileName] {
    names.compactMap(DataFileName.init).filter { $0.prefix == prefix }
      .sorted { ($0.count, $0.shard) < ($1.count, $1.shard) }
  }

  /// Removes what dead saves to other prefixes or files than `name` have left.
  package mutating func removeOthers(than name: String) throws(CheckpointError) {
    for target in targets().sorted() where target != name {
      guard let lock = try SaveLock(path(target), fileSystem: fileSystem) else { continue }
      guard lock.isExclusive, try remove(of: lock) else {
        lock.abandon()
        continue
      }
      try lock.release()
    }
  }

  // The prefixes and files that somebody has been saving to.
  private func targets() -> Set<String> {
    var targets: Set<String> = []
    for name in names {
      if let target = TemporaryName.target(ofLock: name) { targets.insert(target) }
      if let file = TemporaryName.target(ofTemporary: name) {
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
    if let note = SaveNote(text), let isCommitted = isCommitted(note, target) {
      let unfinished: Set = note.keepsNew ? [] : [note.newCount]
      let superfluous = isCommitted ? Set(note.replacedCounts) : unfinished
      for file in dataFiles(of: target) where superfluous.contains(file.count) {
        try remove(Path(BundlePath(target).data(shard: file.shard, of: file.count)).name)
      }
    }
    for name in names.sorted() {
      guard let file = TemporaryName.target(ofTemporary: name) else { continue }
      if file == target || Self.prefix(ofFile: file) == target { try remove(name) }
    }
    return true
  }

  private mutating func remove(_ name: String) throws(CheckpointError) {
    guard try fileSystem.status(of: path(name))?.kind == .file else { return }
    try fileSystem.removeFile(path(name))
    names.remove(name)
  }

  // Whether the index that stands at the prefix is the one that the noted save wrote: its count
  // tells, since it was free before. `nil` if the index cannot be read: then nothing is proved.
  private func isCommitted(_ note: SaveNote, _ target: String) -> Bool? {
    let count = Self.shardCount(of: path(target), fileSystem: fileSystem)
    return count.map { $0 == note.newCount }
  }

  /// The number of data files that the index at a prefix counts: 0 if there is no index, `nil` if it
  /// cannot be read.
  static func shardCount(of prefix: String, fileSystem: any FileSystem) -> Int? {
    do throws(CheckpointError) {
      return try BundleReader(prefix: prefix, fileSystem: fileSystem).shardCount
    } catch {
      return error.code == .notACheckpoint ? 0 : nil
    }
  }

  private static func prefix(ofFile name: String) -> String {
    if let data = DataFileName(name) { return data.prefix }
    guard name.hasSuffix(BundlePath.indexSuffix) else { return name }
    return String(name.dropLast(BundlePath.indexSuffix.count))
  }

  private func path(_ name: String) -> String { Path.join(directory, name) }
}
