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
  /// the full name of a variable there.
  ///
  /// - Parameter name: The name.
  /// - Returns: The key.
  /// - Throws: `notFound` if there is nothing of this name, naming the nearest; `ambiguousName` for a
  ///   full name of several variables whose contents differ; `corrupt` if the checkpoint is damaged.
  public func key(named name: String) throws(CheckpointError) -> TensorKey {
    let names = name.hasSuffix(":0") ? [name, String(name.dropLast(2))] : [name]
    for name in names + names.map({ $0 + "/.ATTRIBUTES/VARIABLE_VALUE" }) {
      if try entry(for: TensorKey(name)) != nil { return TensorKey(name) }
    }
    var keys: [TensorKey: [TensorKey]] = [:]
    let wanted = names.map { TensorKey($0) }
    try savedGraph()?.forEachFullName { name, key in
      if wanted.contains(name) { keys[name, default: []].append(key) }
    }
    for name in names {
      if let candidates = keys[TensorKey(name)] { return try commonKey(candidates, name) }
    }
    try checkStyle(of: wanted, name)
    return try requiredEntry(for: TensorKey(name)).key  // it is not there: says what is near
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
