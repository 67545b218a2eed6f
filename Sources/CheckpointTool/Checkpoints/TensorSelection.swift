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
    let all = try reader.entries()
    var keys: Set<TensorKey> = []
    var problems: [CheckpointError] = []
    for name in names {
      do throws(CheckpointError) {
        keys.formUnion(try find(name, among: all, in: reader))
      } catch  where error.code == .notFound || error.code == .ambiguousName {
        problems.append(error)
      }
    }
    let error = CheckpointError.combining(problems) { "\($0) names lead to no tensor" }
    if let error { throw error }
    return keys
  }

  // A tensor goes before a layer of its name.
  private static func find(
    _ name: [UInt8], among entries: [TensorEntry], in reader: CheckpointReader
  ) throws(CheckpointError) -> [TensorKey] {
    if let entry = try TensorName.stored(name, in: reader) { return [entry.key] }
    let pattern = TensorPattern(name)
    guard !pattern.hasWildcards else { return try matches(pattern, name, entries, reader) }
    do throws(CheckpointError) {
      return [try TensorName.find(name, in: reader).key]
    } catch  where error.code == .notFound {
      let layer = try self.layer(pattern, name, entries, reader)
      guard layer.isEmpty else { return layer }
      throw error
    }
  }

  // By the beginning of keys or of full names, or as an object, with all below it.
  private static func layer(
    _ pattern: TensorPattern, _ name: [UInt8], _ entries: [TensorEntry], _ reader: CheckpointReader
  ) throws(CheckpointError) -> [TensorKey] {
    var keys: Set<TensorKey> = []
    if let graph = try reader.savedGraph() {
      let node = String(validating: name, as: UTF8.self).flatMap(graph.node(shownAs:))
      if let node { graph.forEachKey(below: node) { keys.insert($0) } }
      graph.forEachFullName { name, key in  // under one of which a tensor is listed
        if pattern.isLayer(of: name.bytes) || keys.contains(key) { keys.formUnion([name, key]) }
      }
    }
    return entries.map(\.key).filter { keys.contains($0) || pattern.isLayer(of: $0.bytes) }
  }

  private static func matches(
    _ pattern: TensorPattern, _ name: [UInt8], _ entries: [TensorEntry], _ reader: CheckpointReader
  ) throws(CheckpointError) -> [TensorKey] {
    var others: [TensorKey: [[UInt8]]] = [:]
    try reader.savedGraph()?.forEachFullName { name, key in
      others[key, default: []].append(name.bytes)
    }
    let keys = entries.map(\.key).filter { key in
      pattern.fits(key.bytes) || pattern.fits(Array(key.nameOfVariable))
        || others[key]?.contains(where: pattern.fits) == true
    }
    guard keys.isEmpty else { return keys }
    throw CheckpointError(
      .notFound, "no tensor has a name like '\(TensorName.shown(name))'", file: reader.path)
  }
}
