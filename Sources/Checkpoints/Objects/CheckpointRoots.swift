import CheckpointStore
import CheckpointGraph
import CheckpointIO
import CheckpointPlans
import CheckpointTensors

/// Where the objects of a checkpoint begin: the root, and what was attached to it by name.
final class CheckpointRoots {
  /// The name of the save counter.
  static let counterName = "save_counter"
  /// Its key, where it is one of the root's own.
  static let counterKey = TensorKey(
    CheckpointKey.key(path: counterName, attribute: CheckpointKey.variableValue))

  /// The variable that counts the saves: one of the root's own of that name, or a new one.
  let counter: Variable<Int64>
  /// Whether the counter is among the objects: since the first numbered save or restore.
  var usesCounter = false
  /// What the objects were saved as last.
  let lastForm = LastSavedForm()
  /// How their values were shared out last, by the processes that save together.
  var lastShares = LastShares()
  private let root: any Checkpointable
  private var attached: [(name: String, object: any Checkpointable)]
  private var later: [(name: String, object: any Checkpointable)] = []
  private let ownsCounter: Bool
  private var nodeCount: Int  // of the last walk
  private var hasWarned = false

  /// The root of a checkpoint that has names only.
  private final class NamedObjects: Checkpointable {
    func registerDependencies(in registrar: inout DependencyRegistrar) {}
  }

  init(_ root: (any Checkpointable)?, _ objects: [(name: String, object: any Checkpointable)])
    throws(CheckpointError)
  {
    var attached = objects
    if let root { attached.append(("root", root)) }  // an edge to itself, as in TensorFlow
    attached.sort { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    let root = root ?? NamedObjects()
    let live = try LiveGraph(root: root, attached: attached)
    let existing = try Self.counter(in: live)
    self.root = root
    self.attached = attached
    counter = existing ?? Variable<Int64>(0, name: Self.counterName)
    ownsCounter = existing == nil
    nodeCount = live.nodes.count
  }

  private static func counter(in live: LiveGraph) throws(CheckpointError) -> Variable<Int64>? {
    guard let child = live.children(of: 0).first(where: { $0.name == counterName }) else {
      return nil
    }
    guard let counter = live.nodes[child.node].object as? Variable<Int64>, counter.shape.rank == 0
    else {
      throw CheckpointError(
        .mismatch,
        "the root has something else called '\(counterName)'; it has to be a scalar "
          + "Variable<Int64>, or to have another name")
    }
    return counter
  }

  /// Finds all objects: what was attached later stands behind the counter, as in TensorFlow.
  ///
  /// - Throws: What registering them throws.
  func walk() throws(CheckpointError) -> LiveGraph {
    let counted = usesCounter && ownsCounter ? [(Self.counterName, counter)] : []
    let live = try LiveGraph(root: root, attached: attached + counted + later, nodeCount: nodeCount)
    nodeCount = live.nodes.count
    return live
  }

  /// Whether a walk began here.
  func isRoot(of live: LiveGraph) -> Bool { live.nodes[0].object === root }

  /// Says so, once, if there is nothing to be saved but the counter.
  func warnIfEmpty(_ live: LiveGraph) {
    guard !hasWarned, live.nodes.allSatisfy({ $0.value == nil || isCounter($0) }) else { return }
    hasWarned = true
    let names = NameList.text((attached + later).map(\.name))
    CheckpointWarnings.warn(
      "a checkpoint of \(names.isEmpty ? "no objects" : names) is saved without a single value: nothing "
        + "in it is a Variable, or registered")
  }

  /// Attaches another object.
  func attach(_ object: any Checkpointable, as name: String) throws(CheckpointError) {
    later.append((name, object))
    do throws(CheckpointError) {
      _ = try walk()
    } catch {
      later.removeLast()
      throw error
    }
  }

  /// Whether a node is the counter, which no checkpoint has to have.
  func isCounter(_ node: LiveGraph.Node) -> Bool { node.object === counter }
}
