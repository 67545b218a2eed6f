import CheckpointGraph
import CheckpointIO

/// What a restore has found and put into the program so far, and what still waits.
///
/// A value of its own, since other threads look at it while one is at work: they see what was there
/// before, or all that came of it. Keeps no object of the program alive.
struct RestoreState {
  /// What still waits for an object, with the object that will hold it.
  var deferred: [GraphMatch.Deferred] = []
  /// What still waits for an optimizer or a variable.
  var deferredSlots: [GraphMatch.DeferredSlot] = []
  /// The pairs of saved nodes and objects.
  var bindings = Bindings()
  /// For each saved node, whether its value is in a variable now.
  var isRestored: [Bool]
  /// The places of variables that got no value.
  var missing: [String] = []
  /// Names of edges that lead to two objects, or from two nodes to one.
  var conflicts: [String] = []
  /// What went wrong when something was restored later.
  var failures: [RestoreSession.Failure] = []
  /// Whether a newer restore has all that this one has for objects to come: it has the say then, and
  /// this one takes down what becomes of it, for as long as somebody has the status.
  var isSuperseded = false

  /// Creates the state of a restore that has not begun.
  init(nodeCount: Int) { isRestored = Array(repeating: false, count: nodeCount) }

  /// The failures that have not been made up for by another object.
  var unresolvedFailures: [CheckpointError] {
    failures.filter { !bindings.isBound($0.savedNode) }.map(\.error)
  }

  /// Notes a failure, unless the same has been said of the same object.
  ///
  /// - Returns: Whether the same has not been said of the same object before.
  mutating func noteIfNew(_ failure: RestoreSession.Failure) -> Bool {
    guard !failures.contains(where: { $0.isSame(as: failure) }) else { return false }
    failures.append(failure)
    return true
  }
}
