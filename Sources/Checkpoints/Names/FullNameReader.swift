import CheckpointGraph
import CheckpointIO
import CheckpointTensors

/// An object-based checkpoint seen by a name-based saver: its tensors answer to the full names of
/// their variables too.
///
/// A key counts before a name. A name that several variables have is refused when it is asked for,
/// where TensorFlow takes the last one.
/// Source: tensorflow/python/training/saver.py, `object_graph_key_mapping`.
struct FullNameReader: TensorReader {
  /// The names, each with the keys that it stands for.
  let keys: [TensorKey: [TensorKey]]
  private let reader: any TensorReader

  init(_ reader: any TensorReader, _ graph: ObjectGraph) {
    self.reader = reader
    var keys: [TensorKey: [TensorKey]] = [:]
    for attribute in graph.nodes.lazy.flatMap(\.attributes) where !attribute.fullName.isEmpty {
      keys[TensorKey(attribute.fullName), default: []].append(TensorKey(attribute.key))
    }
    self.keys = keys
  }

  var path: String { reader.path }

  // Each tensor once: under its name, if that is its alone, else under its key.
  func forEachEntry(
    _ body: (TensorEntry) throws(CheckpointError) -> Void
  ) throws(CheckpointError) {
    var names: [TensorKey: TensorKey] = [:]
    for (name, keys) in keys where keys.count == 1 { names[keys[0]] = name }
    var entries = try reader.entries()
    for index in entries.indices {
      entries[index].key = names[entries[index].key] ?? entries[index].key
    }
    for entry in entries.sorted(by: { $0.key < $1.key }) { try body(entry) }
  }

  func entry(for key: TensorKey) throws(CheckpointError) -> TensorEntry? {
    guard let stored = try storedKey(key), var entry = try reader.entry(for: stored) else {
      return nil
    }
    entry.key = key
    return entry
  }

  func read(
    _ key: TensorKey,
    slice: TensorSlice?,
    into output: inout MutableRawSpan
  ) throws(CheckpointError) {
    let stored = try storedKey(key) ?? key
    try reader.read(stored, slice: slice, into: &output)
  }

  func tensor(for key: TensorKey, slice: TensorSlice?) throws(CheckpointError) -> AnyTensor {
    try reader.tensor(for: try storedKey(key) ?? key, slice: slice)
  }

  func tensors(for requests: [TensorRequest]) throws(CheckpointError) -> [AnyTensor] {
    var stored: [TensorRequest] = []
    for request in requests {
      stored.append(TensorRequest(try storedKey(request.key) ?? request.key, slice: request.slice))
    }
    return try reader.tensors(for: stored)
  }

  /// The key of what a saver calls so; `nil` if there is nothing of that name.
  private func storedKey(_ name: TensorKey) throws(CheckpointError) -> TensorKey? {
    if try reader.entry(for: name) != nil { return name }
    guard let candidates = keys[name] else { return nil }
    guard candidates.count == 1 else {
      let list = candidates.map { "'\($0)'" }.joined(separator: ", ")
      throw CheckpointError(
        .ambiguousName,
        "\(candidates.count) saved variables have this name: \(list); ask for one by its key",
        file: path,
        key: name.description
      )
    }
    return candidates[0]
  }
}
