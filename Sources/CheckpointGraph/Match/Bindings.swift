/// The pairs of saved nodes and objects that a restore has found so far, over several walks.
///
/// Keeps no object alive.
package struct Bindings {
  private struct Bound {
    let identity: NodeIdentity
    // Never looked at. An object that goes has its place in memory, and with it the identity, taken
    // by another one, but not while an unowned reference remains.
    #if canImport(ObjectiveC)
    // Unowned references to objects of Objective-C do not do that.
    weak let holder: AnyObject?
    func isOf(_ object: AnyObject) -> Bool { holder === object }
    #else
    unowned let holder: AnyObject
    func isOf(_ object: AnyObject) -> Bool { true }
    #endif
  }

  private var bound: [Bound?] = []  // by saved node

  package init() {}

  /// Creates room for the nodes of a graph.
  init(nodeCount: Int) { bound = Array(repeating: nil, count: nodeCount) }

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
  package func savedNodes(of live: LiveGraph, withValue needsValue: Bool = false) -> [Int?] {
    var savedNodes: [Int?] = Array(repeating: nil, count: live.nodes.count)
    var places: [NodeIdentity: Int] = [:]
    let livePlaces = live.nodes.indices.filter { number in
      live.isPlace(number) && !(needsValue && live.nodes[number].value == nil)
    }
    for (saved, bound) in bound.enumerated() {
      guard let bound else { continue }
      if !bound.identity.place.isEmpty {
        if !livePlaces.isEmpty { places[bound.identity] = saved }
      } else if let number = live.number(of: bound.identity.object),
        bound.isOf(live.holder(of: number))
      {
        savedNodes[number] = saved
      }
    }
    for number in livePlaces {
      guard let saved = places[live.identity(of: number)] else { continue }
      if bound[saved]?.isOf(live.holder(of: number)) == true { savedNodes[number] = saved }
    }
    return savedNodes
  }

  mutating func bind(_ saved: Int, _ live: NodeIdentity, _ holder: AnyObject) {
    bound[saved] = Bound(identity: live, holder: holder)
  }

  mutating func bind(_ saved: Int, slotVariable variable: AnyObject) {
    let identity = ObjectIdentifier(variable)
    bind(saved, NodeIdentity(identity), variable)
    slotVariables[identity] = saved
  }
}
