package import CheckpointIO
package import CheckpointTensors
import CheckpointWire

/// Gives tensors of a V2 checkpoint other names where it stands: its index is written anew and
/// replaced in one step; the data files, which know no names, are not touched.
///
///     try BundleRenamer.rename(["w": "dense/kernel"], in: "run/model-1000")
///
/// The object graph of an object-based checkpoint names keys, and is a value in a data file: it is not
/// changed. ``CheckpointConversion`` changes it too.
package enum BundleRenamer {
  /// Renames tensors.
  ///
  /// - Parameters:
  ///   - names: New names by the old ones; names may be exchanged.
  ///   - prefix: The checkpoint.
  ///   - options: How the index is written.
  /// - Throws: `notFound` for names that are not there, and `duplicateName` for names that are taken,
  ///   one error for all; `busy` if somebody else is saving to this prefix; what reading the index
  ///   throws; `io` if the system fails. The checkpoint is as it was then.
  package static func rename(
    _ names: [TensorKey: TensorKey], in prefix: String, options: FileOptions = FileOptions()
  ) throws(CheckpointError) {
    let prefix = try PathText.path(prefix)
    let fileSystem = options.fileSystem
    // Fails before a lock is taken, if there is no such checkpoint.
    _ = try BundleReader(prefix: prefix, fileSystem: fileSystem, opensData: false)
    let location = try SaveLocation(prefix, options: options)
    // What a save that died has left goes first: the index is read under the lock.
    var leftovers = try Leftovers(directory: location.directory, fileSystem: fileSystem)
    try leftovers.removeData(of: location)
    do throws(CheckpointError) {
      let reader = try BundleReader(prefix: prefix, fileSystem: fileSystem, opensData: false)
      let index = try renamed(names, reader.index)
      try location.begin(.index)
      let file = try AtomicFile(BundlePath(prefix).index, in: location)
      try index.write(to: file.file)
      try file.commit()
      try location.syncDirectory()
    } catch {
      throw error.located(file: prefix)
    }
    try location.finish()
  }

  private static func renamed(_ names: [TensorKey: TensorKey], _ index: BundleIndexReader)
    throws(CheckpointError) -> BundleIndex
  {
    var entries: [(key: TensorKey, entry: BundleEntry)] = []
    try index.forEachEntry { entries.append((TensorKey(copying: $0), $1)) }
    var names = names
    try check(names, entries)
    for (key, entry) in entries {
      guard let name = names[key] else { continue }
      let (old, new) = (SliceKeys(of: key), SliceKeys(of: name))
      for slice in entry.slices { names[old[slice]] = new[slice] }
    }
    var header = BundleHeader(shardCount: index.header.shardCount)
    header.isBigEndian = index.header.isBigEndian
    var renamed = BundleIndex(header: header)
    for (key, entry) in entries { renamed.add(names[key] ?? key, entry) }
    _ = renamed.sort()  // no key occurs twice: that has been checked
    return renamed
  }

  private static func check(
    _ names: [TensorKey: TensorKey], _ entries: [(key: TensorKey, entry: BundleEntry)]
  ) throws(CheckpointError) {
    // The keys of parts follow from those of their tensors.
    let parts = entries.flatMap { key, entry in
      let keys = SliceKeys(of: key)
      return entry.slices.map { keys[$0] }
    }
    let keys = Set(entries.map(\.key)).subtracting(parts)
    var problems: [CheckpointError] = []
    for key in names.keys.sorted() where !keys.contains(key) {
      let hint = NearestKeys(to: key, among: entries.map(\.key)).hint
      problems.append(
        CheckpointError(.notFound, "there is no such tensor\(hint)", key: key.description))
    }
    var owners: [TensorKey: TensorKey] = [:]
    for key in keys.sorted() {
      let name = names[key] ?? key
      guard !name.bytes.isEmpty else {
        problems.append(
          CheckpointError(.invalidArgument, "a tensor needs a name", key: key.description))
        continue
      }
      guard let other = owners.updateValue(key, forKey: name) else { continue }
      problems.append(
        CheckpointError(.duplicateName, "'\(other)' and '\(key)' would both be called '\(name)'"))
    }
    let error = CheckpointError.combining(problems) { "\($0) tensors cannot be renamed so" }
    if let error { throw error }
  }
}
