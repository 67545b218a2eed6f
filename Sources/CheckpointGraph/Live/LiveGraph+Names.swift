extension LiveGraph {
  /// What a name-based checkpoint may call the variable of a node, the likeliest first; nothing for a
  /// node that is no variable.
  ///
  /// The tensors of a group have it in common, each with its own name behind it.
  ///
  /// Its own name; where it stands; for a slot variable what TensorFlow 1 makes of the variable's
  /// name and the optimizer's (`w/Adam`, `w/Adam_1`); for an optimizer's own variable its local name
  /// (`beta1_power`).
  /// Source: tensorflow/python/training/slot_creator.py, optimizer.py.
  package func names(of number: Int) -> [String] {
    let node = nodes[number]
    if case .attributes = node.value { return paths(of: number) }
    guard case .variable(let variable) = node.value else { return [] }
    var names = [variable.name].compactMap { $0 } + paths(of: number)
    switch node.way {
    case .root: break
    case .child(let parent, let edge):
      guard nodes[parent].object is any SlotVariableProvider else { break }
      names.append(edges.elements[edge].name)
    case .slot(let optimizer, let index):
      let slot = slots.elements[index]
      guard let provider = nodes[optimizer].object as? any SlotVariableProvider,
        let place = provider.slotNames.firstIndex(of: slot.slotName)
      else { break }
      let suffix = place == 0 ? "" : "_\(place)"
      for original in self.names(of: slot.original) {
        names.append("\(original)/\(provider.tensorFlowName)\(suffix)")
      }
    }
    return names
  }

  // Where a node stands, and where it stood under former names.
  private func paths(of number: Int) -> [String] {
    guard !formerNames.isEmpty else { return [path(of: number)] }
    var (steps, current) = ([[String]](), number)
    while case .child(let parent, let edge) = nodes[current].way {
      let name = edges.elements[edge].name
      let former = formerNames[parent]?.filter { $0.child.name.hasSameBytes(as: name) } ?? []
      steps.append([name] + former.map(\.name))
      current = parent
    }
    guard case .root = nodes[current].way, steps.contains(where: { $0.count > 1 }) else {
      return [path(of: number)]
    }
    var paths = [""]
    for names in steps.reversed() {
      let names = names.map(CheckpointKey.escape)
      paths = paths.flatMap { path in names.map { path.isEmpty ? $0 : "\(path)/\($0)" } }
      paths = Array(paths.prefix(Self.mostPaths))
    }
    return paths
  }

  // A limit: with former names on every step of a long way, the number of paths would explode.
  private static let mostPaths = 64

  /// The tensors of a node that has several: the name of each within its group, and the attribute that it
  /// is, if it is one by itself; `nil` for other nodes.
  package func attributes(of number: Int) -> [(name: String, attribute: String)]? {
    guard case .attributes(let attributes) = nodes[number].value else { return nil }
    return attributes.members.map { ($0.name, attributes.attribute(of: $0)) }
  }

  /// A slot variable that an optimizer could make.
  package struct PossibleSlot {
    package let optimizer: Int
    package let variable: Int
    package let slotName: String
    /// What a name-based checkpoint may call it.
    package let names: [String]
  }

  /// The slot variables that optimizers could have, and have not made yet.
  package func possibleSlots() -> [PossibleSlot] {
    var possible: [PossibleSlot] = []
    for optimizer in nodes.indices {
      guard let provider = nodes[optimizer].object as? any SlotVariableProvider else { continue }
      for variable in nodes.indices {
        guard case .child = nodes[variable].way,
          case .variable(let original) = nodes[variable].value
        else { continue }
        let originals = names(of: variable)
        for (place, name) in provider.slotNames.enumerated()
        where provider.slotVariable(name, of: original) == nil {
          let suffix = place == 0 ? "" : "_\(place)"
          let names = originals.map { "\($0)/\(provider.tensorFlowName)\(suffix)" }
          possible.append(
            PossibleSlot(optimizer: optimizer, variable: variable, slotName: name, names: names))
        }
      }
    }
    return possible
  }
}
