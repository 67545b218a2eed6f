/// What tells a node of the running program from others, also in a later walk over it.
///
/// An object is known by its identity; an array, a tuple, or a property that is a plain number has
/// none, and is known by the object that holds it and the way there.
package struct NodeIdentity: Hashable {
  /// The object, or the one that holds the place.
  package let object: ObjectIdentifier
  /// Escaped names from that object on, in UTF-8; empty for the object itself.
  package let place: [UInt8]

  package init(_ object: ObjectIdentifier) {
    self.object = object
    place = []
  }

  /// Names from an object on, not escaped yet; none for the object itself.
  init(_ object: ObjectIdentifier, place names: some Sequence<String>) {
    self.object = object
    var place: [UInt8] = []
    for name in names { CheckpointKey.append(CheckpointKey.Step(name, isFirst: false), to: &place) }
    self.place = place
  }
}
