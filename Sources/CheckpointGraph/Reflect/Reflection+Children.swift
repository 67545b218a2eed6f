import CFieldLayout

extension Reflection {
  /// A stored property of an object as `Mirror` shows it.
  struct Child {
    /// Which of all stored properties it is.
    let index: Int
    /// Where its mirror is.
    let position: MirrorPosition
    let label: PropertyLabel
    let value: Any
    /// Whether a class declares it that could say what becomes of it.
    let isOwn: Bool
    let traits: PropertyTraits

    /// Whether a value in it that would be forgotten is a problem.
    var isStrict: Bool { isOwn && traits.isStrong }
  }

  /// Where `Mirror` shows a stored property of an object.
  struct MirrorPosition {
    /// How many superclasses up from the object's class it is declared.
    let superclass: Int
    /// Which of the properties of that class it is.
    let index: Int

    /// What the property holds, as `Mirror` shows it: one value, not those beside it.
    func value(in object: AnyObject) -> Any {
      var mirror = Mirror(reflecting: object)
      for _ in 0..<superclass { mirror = mirror.superclassMirror ?? mirror }
      let children = mirror.children
      return children[children.index(children.startIndex, offsetBy: index)].value
    }
  }

  /// What the runtime knows of a stored property besides its value.
  struct PropertyTraits {
    /// Whether it is a `var`.
    var isVariable = true
    /// Whether it is neither weak nor unowned.
    var isStrong = true
    /// Its declared type, and the distance in bytes from the beginning of the object; `nil` if the
    /// runtime does not tell.
    var place: (type: Any.Type, offset: Int)?
  }

  /// The stored properties of an object, those of superclasses first.
  static func children(of object: AnyObject) -> [Child] {
    var levels = [Mirror(reflecting: object)]
    while let superclass = levels.last?.superclassMirror { levels.append(superclass) }
    let traits = traits(of: object, levels.reversed().flatMap { $0.children.map(\.label) })
    // Somebody asks for its properties all the same.
    let isSubject = !(object is any Checkpointable)
    var children: [Child] = []
    var index = 0
    for (superclass, level) in levels.enumerated().reversed() {
      let isOwn = isSubject || level.subjectType is any Checkpointable.Type
      let isObservable = level.children.contains { PropertyLabel.isRegistrar($0.label) }
      for (position, child) in level.children.enumerated() {
        defer { index += 1 }
        guard let text = child.label, !PropertyLabel.isRegistrar(text) else { continue }
        let traits = traits?[index] ?? PropertyTraits()
        let label = PropertyLabel(text, isObservable: isObservable, isVariable: traits.isVariable)
        children.append(
          Child(
            index: index, position: MirrorPosition(superclass: superclass, index: position),
            label: label, value: child.value, isOwn: isOwn, traits: traits))
      }
    }
    return children
  }

  // What the runtime tells has to agree with what `Mirror` does.
  private static func traits(of object: AnyObject, _ labels: [String?]) -> [PropertyTraits]? {
    guard !(object is any CustomReflectable) else { return nil }
    // A type that is not known at compile time is one pointer, to the metadata.
    let metadata = unsafe unsafeBitCast(type(of: object) as Any.Type, to: UnsafeRawPointer.self)
    guard unsafe ck_field_count(metadata) == labels.count else { return nil }
    var traits: [PropertyTraits] = []
    for (index, label) in labels.enumerated() {
      let field = unsafe ck_field_at(metadata, index)
      guard let name = unsafe field.name, let type = unsafe field.type,
        unsafe String(cString: name) == label
      else { return nil }
      traits.append(
        unsafe PropertyTraits(
          isVariable: field.isVariable,
          isStrong: field.isStrong,
          // The other way round: the metadata of a type that can be copied; what cannot, the runtime
          // calls `()`.
          place: (unsafeBitCast(type, to: Any.Type.self), field.offset)
        ))
    }
    return traits
  }

  /// What a property is to a checkpoint.
  mutating func dependency(in child: Child) -> FoundDependency {
    isStrict = child.isStrict
    defer { isStrict = true }
    return dependency(
      in: child.label.declared(child.value), isWrapper: child.label.wrappedName != nil)
  }
}
