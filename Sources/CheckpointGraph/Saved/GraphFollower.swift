package import CheckpointTensors

/// An object graph whose keys follow the new names of the tensors.
package struct GraphFollower {
  /// A tensor: its name now, and the names of what it was made of.
  package typealias MovedTensor = (key: TensorKey, sources: [TensorKey])

  /// The graph, as it is now.
  package private(set) var graph: ObjectGraph
  private let storedKeys: Set<TensorKey>
  private var removed: [String] = []

  /// Begins with a graph as it is stored.
  ///
  /// - Parameters:
  ///   - graph: The graph.
  ///   - storedKeys: The tensors beside it: values without a tensor stay as they are.
  package init(_ graph: ObjectGraph, storedKeys: Set<TensorKey>) {
    self.graph = graph
    self.storedKeys = storedKeys
  }

  /// Gives every value of an object the key that its tensor has now.
  ///
  /// A value whose tensor was left out, split, put together with others, or given a name that is no
  /// key of an object, is no value of an object any more.
  package mutating func follow(_ tensors: [MovedTensor]) {
    var users: [TensorKey: [MovedTensor]] = [:]
    for tensor in tensors {
      for source in tensor.sources { users[source, default: []].append(tensor) }
    }
    for node in graph.nodes.indices {
      graph.nodes[node].attributes = graph.nodes[node].attributes.compactMap { attribute in
        guard storedKeys.contains(TensorKey(attribute.key)) else { return attribute }
        guard let key = Self.key(for: users[TensorKey(attribute.key)] ?? []) else {
          removed.append(attribute.key)
          return nil
        }
        var attribute = attribute
        attribute.key = key
        return attribute
      }
    }
  }

  // The key, if there is one tensor: it has to be text that TensorFlow can take apart, since any other key would
  // keep TensorFlow from restoring any object.
  // Source: tensorflow/python/trackable/trackable_utils.py, `extract_object_name`.
  private static func key(for users: [MovedTensor]) -> String? {
    guard users.count == 1, users[0].sources.count == 1 else { return nil }
    let isSame = users[0].key == users[0].sources[0]
    guard let key = users[0].key.string, isSame || key.contains("/.ATTRIBUTES/") else { return nil }
    return key
  }

  /// Whether an object has a value.
  package var hasValues: Bool { graph.nodes.contains { !$0.attributes.isEmpty } }

  /// What objects have lost; `nil` if nothing.
  package var note: String? {
    guard let first = removed.first else { return nil }
    let others = removed.count > 1 ? " and \(removed.count - 1) others" : ""
    return
      "objects lose their values of '\(first)'\(others): they were left out, taken apart or put "
      + "together, or have names now without '/.ATTRIBUTES/', from which no object is restored"
  }
}
