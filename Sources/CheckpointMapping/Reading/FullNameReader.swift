package import CheckpointGraph
package import CheckpointIO
package import CheckpointTensors
import Synchronization

/// An object-based checkpoint seen by a name-based saver: its tensors answer to the full names of
/// their variables too.
///
/// A key counts before a name. A name that several variables have stands for the first of them if their
/// contents are equal, as in an export of Keras 3; else it is refused when it is asked for, where
/// TensorFlow takes the last one.
/// Source: tensorflow/python/training/saver.py, `object_graph_key_mapping`.
package struct FullNameReader: BatchReader, TensorPieceReader {
  /// The names, each with the keys that it stands for.
  package let keys: [TensorKey: [TensorKey]]
  /// The checkpoint.
  package let reader: any TensorReader
  private let directKeys: Set<TensorKey>
  private let commonKeys = CommonKeys()

  /// Looks at an object-based checkpoint.
  ///
  /// - Parameters:
  ///   - reader: The checkpoint.
  ///   - graph: Its objects.
  ///   - directKeys: Keys that are asked for as they are; their tensors are not listed under full
  ///     names.
  package init(_ reader: any TensorReader, _ graph: SavedGraph, directKeys: Set<TensorKey> = []) {
    self.reader = reader
    self.directKeys = directKeys
    var keys: [TensorKey: [TensorKey]] = [:]
    graph.forEachFullName { name, key in
      if keys[name]?.contains(key) != true { keys[name, default: []].append(key) }
    }
    self.keys = keys
  }

  package var path: String { reader.path }

  // Lists each tensor once: under its name, if no other tensor has that, else under its key. Tensors of one name
  // with equal contents are listed as one.
  package func forEachEntry(_ body: (TensorEntry) throws(CheckpointError) -> Void)
    throws(CheckpointError)
  {
    var entries = try reader.entries()
    let (names, copies) = self.names(among: Set(entries.map(\.key)))
    if !copies.isEmpty { entries.removeAll { copies.contains($0.key) } }
    for index in entries.indices {
      entries[index].key = names[entries[index].key] ?? entries[index].key
    }
    for entry in entries.sorted(by: { $0.key < $1.key }) { try body(entry) }
  }

  // The names under which tensors are listed, by key: those names that are not themselves keys. And the keys that
  // are not listed.
  private func names(among stored: Set<TensorKey>) -> (
    names: [TensorKey: TensorKey], copies: Set<TensorKey>
  ) {
    var (names, copies): ([TensorKey: TensorKey], Set<TensorKey>) = ([:], [])
    for (name, candidates) in keys where !stored.contains(name) {
      let key: TensorKey
      do throws(CheckpointError) {
        guard let common = try commonKey(name, candidates) else { continue }
        key = common
        copies.formUnion(candidates.lazy.filter { $0 != common })
      } catch {
        key = candidates[0]  // reading it by its name will say what is wrong
      }
      guard !directKeys.contains(key) else { continue }
      names[key] = names[key].map { min($0, name) } ?? name
    }
    return (names, copies.subtracting(directKeys).filter { names[$0] == nil })
  }

  package func entry(for key: TensorKey) throws(CheckpointError) -> TensorEntry? {
    guard let stored = try storedKey(key), var entry = try reader.entry(for: stored) else {
      return nil
    }
    entry.key = key
    return entry
  }

  package func read(_ key: TensorKey, slice: TensorSlice?, into output: inout MutableRawSpan)
    throws(CheckpointError)
  {
    let stored = try storedKey(key) ?? key
    try reader.read(stored, slice: slice, into: &output)
  }

  package func tensor(for key: TensorKey, slice: TensorSlice?) throws(CheckpointError) -> AnyTensor
  {
    try reader.tensor(for: try storedKey(key) ?? key, slice: slice)
  }

  package func forEachLittleEndianPiece(
    of key: TensorKey, _ body: (RawSpan) throws(CheckpointError) -> Void
  ) throws(CheckpointError) {
    try reader.forEachPiece(of: try storedKey(key) ?? key, body)
  }

  package func lookUp(_ requests: [TensorRequest]) throws(CheckpointError) -> any TensorBatch {
    let stored = try requests.map { request throws(CheckpointError) in
      request.renamed(try storedKey(request.key) ?? request.key)
    }
    return RenamedBatch(try reader.batch(of: stored), keys: requests.map(\.key))
  }

  /// The key of what a saver calls so; `nil` if there is nothing of that name.
  private func storedKey(_ name: TensorKey) throws(CheckpointError) -> TensorKey? {
    if try reader.entry(for: name) != nil { return name }
    guard let candidates = keys[name] else { return nil }
    if let key = try commonKey(name, candidates) { return key }
    throw CheckpointError(
      .ambiguousName,
      "\(candidates.count) saved variables have this name: \(NameList.text(candidates)); "
        + "ask for one by its key", file: path, key: name.description)
  }

  private func commonKey(_ name: TensorKey, _ candidates: [TensorKey]) throws(CheckpointError)
    -> TensorKey?
  {
    guard candidates.count > 1 else { return candidates[0] }
    return try commonKeys.key(of: name) { () throws(CheckpointError) in
      try reader.commonKey(of: candidates)
    }
  }
}

/// What names of several variables stand for, found out once each: `nil` if their contents differ.
private final class CommonKeys: Sendable {
  private let known = Mutex<[TensorKey: TensorKey?]>([:])

  func key(of name: TensorKey, _ find: () throws(CheckpointError) -> TensorKey?)
    throws(CheckpointError) -> TensorKey?
  {
    if let key = known.withLock({ $0[name] }) { return key }
    let key = try find()
    known.withLock { $0[name] = .some(key) }
    return key
  }
}

extension FullNameReader: FileBackedReader {
  /// Closes the files of what it reads until they are needed.
  package func closeFiles(keepsChecksum: Bool) {
    reader.closeFilesIfAny(keepsChecksum: keepsChecksum)
  }

  /// What has become of the checkpoint.
  package func change() throws(CheckpointError) -> FileChange? { try reader.changeIfAny() }
}
