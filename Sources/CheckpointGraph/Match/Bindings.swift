/// The pairs of saved nodes and objects that a restore has found so far, over several walks.
///
/// Keeps no object alive.
package struct Bindings {
  /// What a saved node is paired with.
  private struct Bound {
    let identity: NodeIdentity
    /// The node in the walk that found it, where later walks have it too, as a rule; -1 for none.
    let liveNode: Int
  }

  // When an object goes, another one may get its place in memory and with it its identity. An unowned reference
  // prevents that, since it keeps the memory.
  private struct Holder {
    #if canImport(ObjectiveC)
    // Unowned references to Objective-C objects do not keep the memory.
    weak let object: AnyObject?
    #else
    unowned let object: AnyObject
    #endif
  }

  // By saved node.
  private var bound: [Bound?] = []
  private var holders: [Holder?] = []

  package init() {}

  /// Creates room for the nodes of a graph.
  init(nodeCount: Int) {
    bound = Array(repeating: nil, count: nodeCount)
    holders = Array(repeating: nil, count: nodeCount)
  }

  /// Whether a saved node has an object.
  package func isBound(_ saved: Int) -> Bool {
    bound.indices.contains(saved) && bound[saved] != nil
  }

  /// What a saved node is paired with; `nil` for nothing.
  func identity(of saved: Int) -> NodeIdentity? {
    bound.indices.contains(saved) ? bound[saved]?.identity : nil
  }

  /// Calls `body` with each saved node that has an object.
  func forEach(_ body: (_ saved: Int, _ identity: NodeIdentity) -> Void) {
    for saved in bound.indices {
      if let bound = bound[saved] { body(saved, bound.identity) }
    }
  }

  /// The node of a walk for each saved node that has been paired; several may have the same.
  ///
  /// - Parameters:
  ///   - live: The walk.
  ///   - needsValue: Whether nodes without a value do not matter.
  /// - Returns: A number for each saved node whose object the walk has met.
  package func liveNodes(of live: LiveGraph, withValue needsValue: Bool = false) -> NodeNumbers {
    var liveNodes = NodeNumbers(count: bound.count)
    var places: [NodeIdentity: Int] = [:]
    for number in live.nodes.indices
    where live.isPlace(number) && !(needsValue && live.nodes[number].value == nil) {
      places[live.identity(of: number)] = number
    }
    for saved in bound.indices {
      guard let bound = bound[saved] else { continue }
      let number =
        bound.identity.place.isEmpty
        ? live.number(of: bound.identity.object, near: bound.liveNode) : places[bound.identity]
      guard let number, isOf(live.holder(of: number), saved) else { continue }
      liveNodes[saved] = number
    }
    return liveNodes
  }

  private func isOf(_ holder: AnyObject, _ saved: Int) -> Bool {
    #if canImport(ObjectiveC)
    holders[saved]?.object === holder
    #else
    true  // it has the identity, see `Holder`
    #endif
  }

  mutating func bind(_ saved: Int, _ identity: NodeIdentity, _ holder: AnyObject, at liveNode: Int)
  {
    bind(saved, Bound(identity: identity, liveNode: liveNode), holder)
  }

  mutating func bind(_ saved: Int, to slotVariable: AnyObject, at liveNode: Int?) {
    let identity = ObjectIdentifier(slotVariable)
    bind(saved, Bound(identity: NodeIdentity(identity), liveNode: liveNode ?? -1), slotVariable)
  }

  private mutating func bind(_ saved: Int, _ bound: Bound, _ holder: AnyObject) {
    self.bound[saved] = bound
    holders[saved] = Holder(object: holder)
  }
}
