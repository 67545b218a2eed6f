package import CheckpointIO
package import CheckpointTensors

extension LiveGraph {
  /// A value to be stored under a name, and that name as its key.
  package struct StoredValue {
    package let key: TensorKey
    package let variable: any TensorVariable

    package init(key: TensorKey, variable: any TensorVariable) {
      (self.key, self.variable) = (key, variable)
    }
  }

  /// What the graph is saved as, and the variables of its keys.
  ///
  /// - Parameter last: What the last graph was saved as, which is often the same.
  /// - Returns: The form, and the variables in the order of its keys.
  package func saved(_ last: LastSavedForm = LastSavedForm()) -> (
    form: SavedForm, variables: [any TensorVariable]
  ) {
    (last.form(of: self, orElse: form), variables())
  }

  // In the order in which they are stored.
  private func variables() -> [any TensorVariable] {
    var variables: [any TensorVariable] = []
    var states: [any TensorVariable] = []
    variables.reserveCapacity(nodes.count)
    for number in nodes.indices {
      switch nodes[number].value {
      case .variable(let variable): variables.append(variable)
      case .state(let state): states.append(state)
      case .attributes(let attributes): variables += attributes.members.lazy.map(\.variable)
      case nil: break
      }
    }
    variables += states
    return variables
  }

  private func form() -> SavedForm {
    let hasValues = nodesWithValues()
    var paths = NodePaths(self)
    var writer = GraphMessageWriter(capacity: nodes.count * 128)
    var keys: [TensorKey] = []
    var states: [TensorKey] = []
    keys.reserveCapacity(nodes.count)
    for number in nodes.indices {
      for edge in edges.range(of: number) { writer.add(edges.elements[edge]) }
      if let value = nodes[number].value {
        switch value {
        case .variable: keys.append(add(value, of: number, &paths, to: &writer))
        case .state: states.append(add(value, of: number, &paths, to: &writer))
        case .attributes(let attributes):
          keys += add(attributes, of: number, &paths, to: &writer)
        }
      }
      for slot in slots.range(of: number) { writer.add(slots.elements[slot]) }
      writer.endNode(hasCheckpointValues: hasValues[number])
    }
    return SavedForm(
      of: self, message: writer.bytes, keys: keys + states, tensorCount: keys.count)
  }

  /// The values by the names that a restore by names looks for first, in the order of the nodes, then states by
  /// their keys.
  ///
  /// - Throws: `duplicateName` for variables of one name, naming all.
  package func namedValues() throws(CheckpointError) -> [StoredValue] {
    var values: [StoredValue] = []
    var states: [StoredValue] = []
    var paths = NodePaths(self)
    for number in nodes.indices {
      switch nodes[number].value {
      case .variable(let variable):
        for name in names(of: number).prefix(1) {
          values.append(StoredValue(key: TensorKey(name), variable: variable))
        }
      case .attributes(let attributes):
        for member in attributes.members {
          let name = path(of: number) + member.name
          values.append(StoredValue(key: TensorKey(name), variable: member.variable))
        }
      case .state(let state):
        let key = paths.key(of: number, attribute: NodeValue.state(state).attribute)
        states.append(StoredValue(key: TensorKey(bytes: key.all), variable: state))
      case nil: break
      }
    }
    var known: Set<TensorKey> = []
    let problems = values.filter { !known.insert($0.key).inserted }.map {
      CheckpointError(
        .duplicateName, "two variables have this name; give one another name",
        key: $0.key.description)
    }
    let error = CheckpointError.combining(problems) { "\($0) names are given twice" }
    if let error { throw error }
    return values + states
  }

  private func add(
    _ value: NodeValue, of number: Int, _ paths: inout NodePaths,
    to writer: inout GraphMessageWriter
  ) -> TensorKey {
    let key = paths.key(of: number, attribute: value.attribute)
    if let fullName = fullName(of: number, value) {
      fullName.utf8.withSpan {
        writer.addAttribute(value.attribute, fullName: $0, key: key.all.span)
      }
    } else {
      let path = key.all.span.extracting(..<key.pathCount)
      writer.addAttribute(value.attribute, fullName: path, key: key.all.span)
    }
    return TensorKey(bytes: key.all)
  }

  // Attributes have no full name.
  private func add(
    _ attributes: NodeAttributes, of number: Int, _ paths: inout NodePaths,
    to writer: inout GraphMessageWriter
  ) -> [TensorKey] {
    if let prefix = attributes.prefix {
      let key = paths.key(of: number, attribute: prefix).all
      writer.addAttribute(prefix, fullName: Span(), key: key.span)
    }
    var keys: [TensorKey] = []
    for member in attributes.members {
      let name = attributes.attribute(of: member)
      let key = paths.key(of: number, attribute: name).all
      if attributes.prefix == nil {
        writer.addAttribute(name, fullName: Span(), key: key.span)
      }
      keys.append(TensorKey(bytes: key))
    }
    return keys
  }

  // What a name-based saver would call a variable: its own name; `nil` if it has none, and is called by its place.
  private func fullName(of number: Int, _ value: NodeValue) -> String? {
    guard value.isVariable else { return "" }
    if let name = value.variable?.name { return name }
    guard case .slot(let optimizer, let index) = nodes[number].way else { return nil }
    let slot = slots.elements[index]
    let original = nodes[slot.original].value?.variable?.name ?? path(of: slot.original)
    let parts = [path(of: optimizer), original, slot.slotName].filter { !$0.isEmpty }
    return parts.joined(separator: "/")
  }

  /// For each node, whether it has values: a value or slot variables of its own, or of a node below it.
  func nodesWithValues() -> [Bool] {
    let edgesByTarget = EdgesByTarget(edges, nodeCount: nodes.count)
    var hasValues = Array(repeating: false, count: nodes.count)
    var marked: [Int] = []
    for number in nodes.indices
    where nodes[number].value != nil || !slots.range(of: number).isEmpty {
      hasValues[number] = true
      marked.append(number)
    }
    while let node = marked.popLast() {
      for parent in edgesByTarget.parents(of: node) where !hasValues[parent] {
        hasValues[parent] = true
        marked.append(parent)
      }
    }
    return hasValues
  }
}

/// The parents of every node, in two arrays: those of node `n` are at `starts[n]..<starts[n + 1]`.
private struct EdgesByTarget {
  private var starts: [Int]
  private var parents: [Int]

  init(_ edges: FlatLists<ObjectGraph.Child>, nodeCount: Int) {
    // Counted one place too far, so that filling moves each start to where it belongs.
    starts = Array(repeating: 0, count: nodeCount + 2)
    for edge in edges.elements.indices { starts[edges.elements[edge].node + 2] += 1 }
    for index in starts.indices.dropFirst() { starts[index] += starts[index - 1] }
    parents = Array(repeating: 0, count: edges.elements.count)
    for parent in 0..<nodeCount {
      for edge in edges.range(of: parent) {
        let place = edges.elements[edge].node + 1
        parents[starts[place]] = parent
        starts[place] += 1
      }
    }
  }

  func parents(of node: Int) -> ArraySlice<Int> { parents[starts[node]..<starts[node + 1]] }
}
