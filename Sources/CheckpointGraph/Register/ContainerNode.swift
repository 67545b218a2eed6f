/// The node of an array, dictionary, tuple or struct.
final class ContainerNode: Checkpointable {
  // Of one list: named by their index.
  private let entries: [DependencyRegistrar.Entry]
  private let elements: [(name: String, value: FoundDependency)]

  /// That of every collection without elements: what tells places apart is where they are.
  static var empty: ContainerNode { emptyNode.node }
  private static let emptyNode = Unchanging(node: ContainerNode([]))

  // Nothing of it ever changes.
  private struct Unchanging: @unchecked Sendable { let node: ContainerNode }

  init(list entries: [DependencyRegistrar.Entry]) {
    self.entries = entries
    elements = []
  }

  init(_ elements: [(name: String, value: FoundDependency)]) {
    entries = []
    self.elements = elements
  }

  /// Whether nothing belongs to it.
  var isEmpty: Bool { entries.isEmpty && elements.isEmpty }

  func registerDependencies(in registrar: inout DependencyRegistrar) {
    if !entries.isEmpty { return registrar.setElements(entries) }
    for element in elements { registrar.add(element.value, as: element.name) }
  }

  /// Whether it has any children.
  var isWorthTracking: Bool {
    var registrar = DependencyRegistrar(of: self)
    registerDependencies(in: &registrar)
    return !registrar.entries.isEmpty || !registrar.problems.isEmpty
  }
}
