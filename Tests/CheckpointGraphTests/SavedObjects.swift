import CheckpointGraph
import CheckpointIO
import CheckpointTensors

/// What a checkpoint would save of an object, for tests to look at.
struct SavedObjects {
  let graph: ObjectGraph
  let values: [LiveGraph.StoredValue]

  init(_ root: any Checkpointable, _ attached: [(name: String, object: any Checkpointable)] = [])
    throws(CheckpointError)
  {
    let live = try LiveGraph(root: root, attached: attached)
    let saved = live.saved()
    let message = saved.form.message
    graph = try ObjectGraph(message: message.span)
    values = zip(saved.form.keys, saved.variables).map {
      LiveGraph.StoredValue(key: $0, variable: $1)
    }
  }

  /// The places of the values, in the order in which they are stored.
  var places: [String] {
    values.map { value in
      let key = value.key.description
      return String(key.prefix(upTo: key.range(of: "/.ATTRIBUTES/")))
    }
  }

  /// The children of the nodes: `0: a 1, b 2`.
  var edges: [String] {
    graph.nodes.enumerated().map { number, node in
      "\(number): " + node.children.map { "\($0.name) \($0.node)" }.joined(separator: ", ")
    }
  }

  /// The full names of the nodes that have one.
  var fullNames: [String] { graph.nodes.flatMap(\.attributes).map(\.fullName) }
}

extension ObjectGraph {
  /// The graph as a restore looks at it.
  func saved() throws(CheckpointError) -> SavedGraph { try SavedGraph(message: message) }
}

extension LiveGraph.StoredValue {
  /// Gives it another value, as a restore does.
  func set(_ tensor: AnyTensor) throws(CheckpointError) {
    var variable = variable
    try variable.setTensor(tensor)
  }
}

extension String {
  fileprivate func range(of part: String) -> Index {
    let (bytes, pattern) = (Array(utf8), Array(part.utf8))
    let start = bytes.indices.first { bytes[$0...].starts(with: pattern) } ?? bytes.count
    return utf8.index(startIndex, offsetBy: start)
  }
}

final class Dense: Checkpointable {
  let kernel: Variable<Float>
  let bias: Variable<Float>

  init(_ start: Float = 0) {
    kernel = Variable(repeating: start, shape: [2, 3])
    bias = Variable([start, -start])
  }
}

/// An object whose properties are named where it is made.
final class Module: Checkpointable {
  var properties: [(name: String, value: Any)]

  init(_ properties: KeyValuePairs<String, Any>) {
    self.properties = properties.map { ($0.key, $0.value) }
  }

  func registerDependencies(in registrar: inout DependencyRegistrar) {
    for property in properties { registrar.track(property.value, as: property.name) }
  }
}

final class Momentum: SlotVariableHolder {
  let slots: SlotVariables<Variable<Float>>

  init(_ slotNames: [String] = ["momentum"]) { slots = SlotVariables(slotNames) }
}
