import CheckpointGraph
import CheckpointIO
import CheckpointStore
import CheckpointTensors
import Checkpoints

/// The tensors of a checkpoint that somebody asks for: all of them, or those of some names, layers and
/// patterns.
struct TensorSelection {
  private let reader: CheckpointReader
  private let keys: Set<TensorKey>?  // `nil` for all

  /// What the help says of it.
  static let details = """
    NAME is a tensor, a layer ('bert/encoder', all that is below it), or a pattern:
    '*' stands for any text, slashes too, and '?' for one character. Put patterns in
    quotes. In a checkpoint of objects, the path of an object ('model', all that is
    below it) and full names will do as well, as 'checkpoint graph' shows them;
    patterns are for keys and full names. Without NAME it is all tensors.
    """

  /// Finds them.
  ///
  /// - Throws: One error with every name that nothing has.
  init(of names: [[UInt8]], in reader: CheckpointReader) throws(CheckpointError) {
    self.reader = reader
    keys = names.isEmpty ? nil : try Self.keys(of: names, in: reader)
  }

  /// Goes through them: each once, in byte order of the keys.
  func forEachEntry(_ body: (TensorEntry) throws(CheckpointError) -> Void) throws(CheckpointError) {
    try reader.forEachEntry { entry throws(CheckpointError) in
      if keys?.contains(entry.key) ?? true { try body(entry) }
    }
  }

  /// All of them at once.
  func entries() throws(CheckpointError) -> [TensorEntry] {
    var entries: [TensorEntry] = []
    try forEachEntry { entries.append($0) }
    return entries
  }

  private static func keys(of names: [[UInt8]], in reader: CheckpointReader)
    throws(CheckpointError) -> Set<TensorKey>
  {
    let search = try TensorSearch(in: reader)
    var keys: Set<TensorKey> = []
    var problems: [CheckpointError] = []
    for name in names {
      do throws(CheckpointError) {
        keys.formUnion(try search.find(name))
      } catch  where error.code == .notFound || error.code == .ambiguousName {
        problems.append(error)
      }
    }
    let error = CheckpointError.combining(problems) { "\($0) names lead to no tensor" }
    if let error { throw error }
    return keys
  }
}

/// A search for tensors by all names that they have.
private struct TensorSearch {
  private let reader: CheckpointReader
  private let graph: SavedGraph?
  private let listed: [TensorKey]
  // By the key under which a tensor is listed, what else it is called.
  private var others: [TensorKey: [TensorKey]] = [:]

  init(in reader: CheckpointReader) throws(CheckpointError) {
    self.reader = reader
    listed = try reader.entries().map(\.key)
    graph = try reader.savedGraph()
    let known = Set(listed)
    graph?.forEachFullName { name, key in
      // A reader lists a tensor under its key, or under one of its full names.
      let own = known.contains(key) ? key : name
      others[own, default: []] += [name, key]
    }
  }

  // A tensor goes before a layer of its name.
  func find(_ name: [UInt8]) throws(CheckpointError) -> [TensorKey] {
    if let entry = try TensorName.stored(name, in: reader) { return tensors(called: entry.key) }
    let pattern = TensorPattern(name)
    guard !pattern.hasWildcards else { return try matches(pattern, name) }
    do throws(CheckpointError) {
      return tensors(called: try TensorName.find(name, in: reader).key)
    } catch  where error.code == .notFound {
      let layer = layer(pattern, name)
      guard layer.isEmpty else { return layer }
      throw error
    }
  }

  private func tensors(called key: TensorKey) -> [TensorKey] {
    listed.filter { $0 == key || others[$0]?.contains(key) == true }
  }

  // By the beginning of keys or of full names, or as an object, with all that it leads to.
  private func layer(_ pattern: TensorPattern, _ name: [UInt8]) -> [TensorKey] {
    var below: Set<TensorKey> = []
    let node = String(validating: name, as: UTF8.self).flatMap { graph?.node(shownAs: $0) }
    if let node { graph?.forEachKey(below: node) { below.insert($0) } }
    return listed.filter { key in
      let names = [key] + (others[key] ?? [])
      return names.contains { below.contains($0) || pattern.isLayer(of: $0.bytes) }
    }
  }

  private func matches(_ pattern: TensorPattern, _ name: [UInt8]) throws(CheckpointError)
    -> [TensorKey]
  {
    let keys = listed.filter { key in
      ([key] + (others[key] ?? [])).contains { name in
        pattern.fits(name.bytes) || pattern.fits(Array(name.nameOfVariable))
      }
    }
    guard keys.isEmpty else { return keys }
    throw CheckpointError(
      .notFound, "no tensor has a name like '\(TensorName.shown(name))'", file: reader.path)
  }
}
