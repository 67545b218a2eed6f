/// What an object is besides something that can be saved.
struct ObjectKind: OptionSet {
  let rawValue: Int

  static let optimizer = ObjectKind(rawValue: 1)
  static let variable = ObjectKind(rawValue: 2)
  static let state = ObjectKind(rawValue: 4)
  static let actor = ObjectKind(rawValue: 8)
  static let group = ObjectKind(rawValue: 16)
  /// What it is the value of: one of these at most.
  static let values: ObjectKind = [.variable, .state, .group]
  /// Its superclass can be saved, too, and is one of the program's.
  static let subclass = ObjectKind(rawValue: 32)
}

/// The kinds of objects, by their classes: a cast takes longer than a look at the class.
struct ObjectKinds {
  private var known = ObjectNumbers()

  mutating func kind(of object: any Checkpointable) -> ObjectKind {
    let type = ObjectIdentifier(type(of: object))
    if let number = known[type] { return ObjectKind(rawValue: number) }
    var kind: ObjectKind = []
    if object is any SlotVariableProvider { kind.insert(.optimizer) }
    if object is any TensorVariable { kind.insert(.variable) }
    if object is any StateRepresentable { kind.insert(.state) }
    if object is any TensorGroup { kind.insert(.group) }
    let superclass = Mirror(reflecting: object).superclassMirror?.subjectType
    if superclass is any Checkpointable.Type, superclass != CheckpointableObject.self {
      kind.insert(.subclass)
    }
    if object is any Actor { kind.insert(.actor) }
    _ = known.insert(type, kind.rawValue)
    return kind
  }
}
