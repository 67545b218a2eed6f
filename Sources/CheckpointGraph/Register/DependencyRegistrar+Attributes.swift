import CheckpointIO
import CheckpointTensors

// The value of the object itself: what it is a variable, a state or a group of, or its attributes.

extension DependencyRegistrar {
  /// Makes the attributes and what else the object has as its value one value.
  ///
  /// - Parameters:
  ///   - known: What the object is a variable, a state or a group of, if it is one.
  ///   - isAmbiguous: Whether it is several of these.
  mutating func finishValue(_ known: NodeValue?, isAmbiguous: Bool) {
    value = value ?? known
    if isAmbiguous {
      let what = "a TensorVariable, a StateRepresentable and a TensorGroup"
      note(
        Problem(
          path: [],
          error: CheckpointError(
            .invalidArgument,
            "\(ownerType) is more than one of \(what), and would be saved as one only; hold the others in "
              + "objects of their own"), objects: nil))
    }
    if !attributes.isEmpty {
      guard value == nil else {
        return refuse([attributes[0].name], "an attribute of an object that is a value itself")
      }
      value = .attributes(NodeAttributes(attributes))
    }
    if case .attributes(let attributes) = value { check(attributes) }
  }

  private mutating func check(_ attributes: NodeAttributes) {
    if attributes.members.isEmpty { refuse(["groupTensors"], "a group has a tensor at least") }
    let former = attributes.members.flatMap { Set($0.formerNames.map { TensorKey($0) }) }
    if !former.isEmpty, !former.areDistinct(from: attributes.members.map { TensorKey($0.name) }) {
      refuse(
        [attributes.members[0].name],
        "a former name of an attribute is a name of another one too, and the value under it could be meant "
          + "for both")
    }
    var names: Set<TensorKey> = []
    for member in attributes.members {
      let name = attributes.attribute(of: member)
      if let reason = Self.reasonAgainst(attribute: name) { refuse([name], reason) }
      if !names.insert(TensorKey(name)).inserted {
        let error = CheckpointError(
          .duplicateName, "\(ownerType): two attributes have the name '\(name)'")
        note(Problem(path: [name], error: error, objects: nil))
      }
    }
  }

  // TensorFlow escapes such a name twice when it saves, and once when it restores.
  private static func reasonAgainst(attribute name: String) -> String? {
    guard !name.isEmpty else { return "an attribute without a name" }
    guard name.utf8.contains(where: { [UInt8(ascii: "."), UInt8(ascii: "/")].contains($0) }) else {
      return nil
    }
    return "an attribute with a dot or a slash in its name cannot be restored by TensorFlow"
  }
}

extension [TensorKey] {
  /// Whether no two are the same, and none is one of the others.
  fileprivate func areDistinct(from others: [TensorKey]) -> Bool {
    Set(self).count == count && Set(self).isDisjoint(with: others)
  }
}
