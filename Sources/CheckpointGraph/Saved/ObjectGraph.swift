import CheckpointIO

/// The objects of a saved program: which there were, how they were reached, and under which keys
/// their values are stored.
///
///     let graph = try ObjectGraph(at: "run/ckpt-7")
///     print(graph)  // a tree of names
///     print(graph.keyMapping["dense/kernel"])  // ["model/dense/kernel/.ATTRIBUTES/VARIABLE_VALUE"]
///
/// It is a plain value: nodes are numbered, node 0 is the root, and children may form cycles.
/// Source: tensorflow/core/protobuf/trackable_object_graph.proto.
public struct ObjectGraph: Hashable, Sendable {
  /// A named edge to another node.
  public struct Child: Hashable, Sendable {
    /// The name, as the program has it: not escaped.
    public var name: String
    /// The number of the node it leads to.
    public var node: Int

    /// Creates an edge.
    public init(name: String, node: Int) {
      self.name = name
      self.node = node
    }
  }

  /// A value of a node, stored as a tensor.
  public struct Attribute: Hashable, Sendable {
    /// What it is to the node: `VARIABLE_VALUE`, `py_state`.
    public var name: String
    /// The variable's own name, which a name-based saver uses; empty if it has none.
    public var fullName: String
    /// The key of the tensor.
    public var key: String
    /// Whether a program may do without it: written by old releases only.
    public var isOptional = false

    /// Creates an attribute.
    public init(name: String, fullName: String, key: String) {
      self.name = name
      self.fullName = fullName
      self.key = key
    }
  }

  /// A variable that an optimizer keeps for another one, such as a momentum.
  public struct SlotVariable: Hashable, Sendable {
    /// The node of the variable that it is kept for.
    public var original: Int
    /// What it is: `m`, `momentum`.
    public var slotName: String
    /// Its own node.
    public var node: Int

    /// Creates a slot variable.
    public init(original: Int, slotName: String, node: Int) {
      self.original = original
      self.slotName = slotName
      self.node = node
    }
  }

  /// One object.
  public struct Node: Hashable, Sendable {
    /// The objects it depends on, in order.
    public var children: [Child] = []
    /// Its values.
    public var attributes: [Attribute] = []
    /// The variables that it keeps for others, if it is an optimizer.
    public var slotVariables: [SlotVariable] = []
    /// The name of the saver that keeps its values in files of its own; rare.
    public var registeredSaver: String?
    /// Whether it or a node below it has values; `nil` in files of old releases.
    public var hasCheckpointValues: Bool?

    /// Creates a node without children and values.
    public init() {}
  }

  /// The nodes; the first is the root.
  public var nodes: [Node]

  /// Creates a graph.
  ///
  /// - Precondition: There is a root, and every number of a node is one.
  public init(nodes: [Node]) {
    self.nodes = nodes
    precondition(!nodes.isEmpty && strayReference == nil, "a graph refers to its own nodes")
  }

  /// The key under which a checkpoint keeps its graph.
  ///
  /// Source: tensorflow/python/checkpoint/trackable_view.py and base.py, `OBJECT_GRAPH_PROTO_KEY`.
  public static let key = "_CHECKPOINTABLE_OBJECT_GRAPH"

  /// The keys of the variables of each full name.
  ///
  /// Several variables may have one name (`Variable`, in old programs): all keys are kept, in the
  /// order of the nodes. Values without a name are left out.
  public var keyMapping: [String: [String]] {
    var mapping: [String: [String]] = [:]
    for attribute in nodes.lazy.flatMap(\.attributes) where !attribute.fullName.isEmpty {
      mapping[attribute.fullName, default: []].append(attribute.key)
    }
    return mapping
  }

  /// The keys of the values that have no full name, in the order of the nodes: of states, and of
  /// variables of programs that name none.
  public var unnamedKeys: [String] {
    nodes.lazy.flatMap(\.attributes).filter(\.fullName.isEmpty).map(\.key)
  }

  /// Finds the node that a path of local names leads to.
  ///
  /// - Parameter path: Names joined by `/`, a `.` in a name doubled and a `/` in it as `.S`: the
  ///   form that keys have. The empty path is the root.
  /// - Returns: The node's number; `nil` if there is none.
  public func node(at path: String) -> Int? {
    CheckpointKey.follow(path) { node, name in
      nodes[node].children.first { $0.name.hasSameBytes(as: name) }?.node
    }
  }

  // The first reference to a node that does not exist.
  var strayReference: Int? {
    func isStray(_ number: Int) -> Bool { !nodes.indices.contains(number) }
    for node in nodes {
      for child in node.children where isStray(child.node) { return child.node }
      for slot in node.slotVariables {
        if isStray(slot.original) { return slot.original }
        if isStray(slot.node) { return slot.node }
      }
    }
    return nil
  }
}

extension String {
  /// Whether two names are the same to a checkpoint, which compares bytes.
  package func hasSameBytes(as other: String) -> Bool {
    other.utf8.withSpan { utf8.matches($0) }
  }
}
