public import CheckpointIO
public import CheckpointTensors
import CheckpointGraph
import CheckpointMapping

// Tensors by the names that people know them by. Source: tensorflow/python/training,
// checkpoint_utils.py, `load_variable`, and saver.py, `object_graph_key_mapping`.

extension CheckpointReader {
  /// Reads a tensor, or a part of it, by the name of its variable.
  ///
  ///     let kernel = try CheckpointReader("run").tensor(named: "model/dense/kernel")
  ///     let rows = try reader.tensor(named: "kernel:0", slice: TensorSlice(starts: [0, 0], shape: [2, 10]))
  ///
  /// - Parameters:
  ///   - name: What ``key(named:)`` takes.
  ///   - slice: The part; everything without it.
  /// - Returns: The tensor.
  /// - Throws: As ``key(named:)`` and ``TensorReader/tensor(for:slice:)`` do.
  public func tensor(named name: String, slice: TensorSlice? = nil) throws(CheckpointError)
    -> AnyTensor
  {
    try tensor(for: key(named: name), slice: slice)
  }

  /// The key of the variable that a person means by a name.
  ///
  /// A name is, in this order: a key; one with `:0` behind it, as TensorFlow's graphs call their
  /// tensors; in an object-based checkpoint, the path of an object's variable (`model/dense/kernel`);
  /// the full name of a variable there; the path of an object by another way than its key has.
  ///
  /// - Parameter name: The name.
  /// - Returns: The key.
  /// - Throws: `notFound` if there is nothing of this name, naming the nearest; `ambiguousName` for a
  ///   full name of several variables whose contents differ, and for an object of several tensors;
  ///   `corrupt` if the checkpoint is damaged.
  public func key(named name: String) throws(CheckpointError) -> TensorKey {
    let names = name.hasSuffix(":0") ? [name, String(name.dropLast(2))] : [name]
    let ofVariables = names.map {
      CheckpointKey.key(path: $0, attribute: CheckpointKey.variableValue)
    }
    for name in names + ofVariables {
      if try entry(for: TensorKey(name)) != nil { return TensorKey(name) }
    }
    var keys: [TensorKey: [TensorKey]] = [:]
    let wanted = names.map { TensorKey($0) }
    let graph = try savedGraph()
    graph?.forEachFullName { name, key in
      if wanted.contains(name) { keys[name, default: []].append(key) }
    }
    for name in names {
      if let candidates = keys[TensorKey(name)] { return try commonKey(candidates, name) }
    }
    if let graph, let key = try key(ofObjectAt: name, in: graph) { return key }
    try checkStyle(of: wanted, name)
    throw try missing(TensorKey(name), isOfObjects: graph != nil)
  }

  /// The same checkpoint, with the variables of its objects by their full names, as a name-based saver sees them;
  /// itself, if it has no objects.
  ///
  /// - Throws: `corrupt` if the object graph is damaged; what reading it throws.
  package func byFullNames() throws(CheckpointError) -> CheckpointReader {
    guard let graph = try savedGraph() else { return self }
    return CheckpointReader(self, reader: FullNameReader(reader, graph))
  }

  private func key(ofObjectAt path: String, in graph: SavedGraph) throws(CheckpointError)
    -> TensorKey?
  {
    let keys = try keys(ofObjectAt: path, in: graph)
    guard keys.count > 1 else { return keys.first }
    throw CheckpointError(
      .ambiguousName,
      "this object has \(keys.count) tensors: \(NameList.text(keys)); ask for one by its key",
      file: self.path, key: path)
  }

  // Whoever asks for a variable of an object by its path wants to hear of paths.
  private func missing(_ key: TensorKey, isOfObjects: Bool) throws(CheckpointError)
    -> CheckpointError
  {
    var hint = try hint(forMissing: key)
    if hint.isEmpty, isOfObjects {
      let names = try entries().map { TensorKey(bytes: Array($0.key.nameOfVariable)) }
      hint = NearestKeys(to: key, among: names).hint
    }
    return CheckpointError(.notFound, "no tensor has the key '\(key)'\(hint)", file: path)
  }

  private func checkStyle(of wanted: [TensorKey], _ name: String) throws(CheckpointError) {
    var stored: [TensorKey] = []
    try forEachEntry { stored.append($0.key) }
    guard let found = KeyMapping.NameStyle.find(wanted, in: stored) else { return }
    throw CheckpointError(
      .notFound,
      "there is no such tensor; '\(found.stored)' is this name in another style: ask for that, or "
        + "read through KeyMapping.names(.\(found.style))", file: path, key: name)
  }

  private func commonKey(_ candidates: [TensorKey], _ name: String) throws(CheckpointError)
    -> TensorKey
  {
    if let key = try commonKey(of: candidates) { return key }
    throw CheckpointError(
      .ambiguousName,
      "\(candidates.count) saved variables have this name: \(NameList.text(candidates)); "
        + "ask for one by its key", file: path, key: name)
  }
}
