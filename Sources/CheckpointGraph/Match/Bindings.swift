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

  // An object that goes has its place in memory, and with it the identity, taken by another one, but
  // not while an unowned reference remains.
  private struct Holder {
    #if canImport(ObjectiveC)
    // Unowned references to objects of Objective-C do not do that.
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

  /// The slot variables that have been paired, some of which no walk may have met yet, and their
  /// saved nodes.
  package private(set) var slotVariables: [ObjectIdentifier: Int] = [:]

  /// The saved node of each node of a walk.
  ///
  /// - Parameters:
  ///   - live: The walk.
  ///   - needsValue: Whether nodes without a value do not matter.
  /// - Returns: A number for each node of the walk that has been paired.
  package func savedNodes(of live: LiveGraph, withValue needsValue: Bool = false) -> NodeNumbers {
    var savedNodes = NodeNumbers(count: live.nodes.count)
    var places: [NodeIdentity: Int] = [:]
    let livePlaces = live.nodes.indices.filter { number in
      live.isPlace(number) && !(needsValue && live.nodes[number].value == nil)
    }
    for saved in bound.indices {
      guard let bound = bound[saved] else { continue }
      if !bound.identity.place.isEmpty {
        if !livePlaces.isEmpty { places[bound.identity] = saved }
      } else if let number = live.number(of: bound.identity.object, near: bound.liveNode),
        isOf(live.holder(of: number), saved)
      {
        savedNodes[number] = saved
      }
    }
    for number in livePlaces {
      guard let saved = places[live.identity(of: number)] else { continue }
      if isOf(live.holder(of: number), saved) { savedNodes[number] = saved }
    }
    return savedNodes
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
    slotVariables[identity] = saved
  }

  private mutating func bind(_ saved: Int, _ bound: Bound, _ holder: AnyObject) {
    self.bound[saved] = bound
    holders[saved] = Holder(object: holder)
  }
}
