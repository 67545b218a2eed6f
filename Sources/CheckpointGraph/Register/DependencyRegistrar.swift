import CheckpointIO
public import CheckpointTensors

/// Takes down what belongs to an object: see ``Checkpointable/registerDependencies(in:)``.
public struct DependencyRegistrar {
  /// One thing that belongs to the object.
  struct Entry {
    let name: String
    let object: any Checkpointable
    let identity: Identity
    /// Its value, if that is known to be all that belongs to it.
    var value: NodeValue?

    /// How the thing is told from others: an object by itself, or by the one it stands for; a place,
    /// such as an array, or a property that is a number, by the object that has it and the name.
    enum Identity {
      case object
      case foreign(AnyObject)
      case place
    }

    /// Whether it is the same thing as another one, which was registered for the same object.
    fileprivate func isSame(as other: Entry) -> Bool {
      switch (identity, other.identity) {
      case (.object, .object): object === other.object
      case (.foreign(let one), .foreign(let two)): one === two
      case (.object, .foreign(let two)): object === two
      case (.foreign(let one), .object): one === other.object
      case (.place, _), (_, .place): false
      }
    }
  }

  private(set) var entries: [Entry] = []
  private(set) var value: NodeValue?
  private(set) var problems: [CheckpointError] = []
  /// What is a problem if nothing else leads to the objects.
  private(set) var doubts: [(problem: CheckpointError, objects: [AnyObject])] = []
  private var ownerType: Any.Type
  // Whether no two things can have one name: all are properties of one class, or elements of a list.
  private var haveUniqueNames = false
  // Of the object asked last: mostly the next one is of the same class.
  private var lastClass: (type: ObjectIdentifier, properties: StoredProperties?)?

  init(of owner: any Checkpointable) { ownerType = type(of: owner) }

  /// Begins with another object, in the same memory.
  mutating func begin(_ owner: any Checkpointable) {
    ownerType = type(of: owner)
    if !entries.isEmpty { entries.removeAll(keepingCapacity: true) }
    value = nil
    haveUniqueNames = false
    if !problems.isEmpty { problems = [] }
    if !doubts.isEmpty { doubts = [] }
  }

  /// Registers an object under a name.
  public mutating func track(_ object: any Checkpointable, as name: String) {
    add(name, object, .object)
  }

  /// Registers an object under a name, if there is one.
  public mutating func track(_ object: (any Checkpointable)?, as name: String) {
    if let object { track(object, as: name) }
  }

  /// Registers what an array, dictionary, tuple or optional holds, as a property of that name.
  ///
  /// - Parameters:
  ///   - value: Also an object; `nil` registers nothing.
  ///   - name: What it is called in the checkpoint.
  @_disfavoredOverload
  public mutating func track(_ value: Any, as name: String) {
    add(Reflection.dependency(in: value), as: name)
  }

  /// Registers a stored property that holds a tensor, or any storable value.
  ///
  /// - Parameters:
  ///   - name: What it is called in the checkpoint.
  ///   - owner: The object.
  ///   - property: Where its value is; a restore writes it.
  public mutating func variable<Owner: AnyObject, Value: TensorStorable>(
    _ name: String,
    of owner: Owner,
    _ property: ReferenceWritableKeyPath<Owner, Value>
  ) {
    add(name, PlaceVariable(ValuePlace(owner, property)), .place)
  }

  /// Registers a stored property that holds a number or a string, as a tensor without dimensions.
  ///
  /// - Parameters: As for properties that hold a tensor.
  public mutating func variable<Owner: AnyObject, Scalar: TensorScalar>(
    _ name: String,
    of owner: Owner,
    _ property: ReferenceWritableKeyPath<Owner, Scalar>
  ) {
    add(name, PlaceVariable(ValuePlace(owner, property).asTensor), .place)
  }

  /// Registers something that reads and writes a state of the owner.
  package mutating func state(_ name: String, _ state: any StateRepresentable) {
    add(name, state, .place)
  }

  /// Registers the stored properties of an object, those of superclasses first, named by their
  /// labels.
  ///
  /// - Parameters:
  ///   - object: The object.
  ///   - excluded: Labels of properties that are left out.
  public mutating func trackProperties(of object: AnyObject, except excluded: Set<String> = []) {
    let areFirst = entries.isEmpty
    guard let known = storedProperties(of: object) else {
      return trackMirroredProperties(of: object, except: excluded)
    }
    for index in known.properties.indices
    where excluded.isEmpty || !excluded.contains(known.properties[index].label.name) {
      add(known.dependency(index, of: object), known.properties[index].label)
    }
    haveUniqueNames = areFirst && known.haveUniqueNames
  }

  private mutating func trackMirroredProperties(
    of object: AnyObject,
    except excluded: Set<String>
  ) {
    for child in Reflection.children(of: object) {
      let label = Reflection.Label(child.label)
      guard !excluded.contains(label.name) else { continue }
      add(Reflection.dependency(in: child.value, isWrapper: label.mayBeWrapper), label)
    }
    haveUniqueNames = false
  }

  private mutating func storedProperties(of object: AnyObject) -> StoredProperties? {
    let type = ObjectIdentifier(type(of: object))
    if let lastClass, lastClass.type == type { return lastClass.properties }
    let properties = StoredProperties.of(object)
    lastClass = (type, properties)
    return properties
  }

  /// Registers the elements of a list; nothing else belongs to it.
  mutating func setElements(_ elements: [Entry]) {
    entries = elements
    haveUniqueNames = true
  }

  /// Registers the object's own value.
  mutating func setValue(_ value: NodeValue) { self.value = value }

  mutating func add(
    _ name: String,
    _ object: any Checkpointable,
    _ identity: Entry.Identity,
    value: NodeValue? = nil
  ) {
    if let reason = Self.reasonAgainst(name) { return refuse(name, reason) }
    entries.append(Entry(name: name, object: object, identity: identity, value: value))
    haveUniqueNames = false
  }

  private mutating func add(_ dependency: Reflection.Dependency, _ label: Reflection.Label) {
    if case .wrapped(let inner) = dependency {
      add(inner, as: label.nameWithoutUnderscore)
    } else {
      add(dependency, as: label.name)
    }
  }

  mutating func add(_ dependency: Reflection.Dependency, as name: String) {
    switch dependency {
    case .nothing: break
    case .object(let object): add(name, object, .object)
    case .variable(let variable): add(name, variable, .object, value: .variable(variable))
    case .foreign(let variable, let object): add(name, variable, .foreign(object))
    case .container(let container): add(name, container, .place)
    case .wrapped(let inner): add(inner, as: name)
    case .problem(let reason): refuse(name, reason)
    case .bystander(let objects, let reason): doubts.append((problem(name, reason), objects))
    }
  }

  /// Leaves one of what is there twice under one name; two things of one name are a problem.
  mutating func removeRepetitions() {
    guard !haveUniqueNames, haveRepeatedNames else { return }
    var known: [TensorKey: Entry] = [:]
    entries = entries.filter { entry in
      guard let first = known[TensorKey(entry.name)] else {
        known[TensorKey(entry.name)] = entry
        return true
      }
      if !entry.isSame(as: first) { addDuplicate(entry, first) }
      return false
    }
  }

  // Few are compared with each other, many by way of a table.
  private var haveRepeatedNames: Bool {
    guard entries.count <= 8 else {
      return Set(entries.lazy.map { TensorKey($0.name) }).count < entries.count
    }
    return entries.indices.contains { index in
      entries[..<index].contains { $0.name.hasSameBytes(as: entries[index].name) }
    }
  }

  private mutating func addDuplicate(_ entry: Entry, _ first: Entry) {
    let types = "\(type(of: first.object)) and \(type(of: entry.object))"
    problems.append(
      CheckpointError(
        .duplicateName,
        "\(ownerType): two things have the name '\(entry.name)', \(types)"
      )
    )
  }

  private mutating func refuse(_ name: String, _ reason: String) {
    problems.append(problem(name, reason))
  }

  private func problem(_ name: String, _ reason: String) -> CheckpointError {
    CheckpointError(.invalidArgument, "\(ownerType), property '\(name)': \(reason)")
  }

  // TensorFlow looks for the first `.ATTRIBUTES/` in a key, and would find it too early.
  private static func reasonAgainst(_ name: String) -> String? {
    guard name.utf8.count >= 11, name.utf8.suffix(11).elementsEqual(".ATTRIBUTES".utf8) else {
      return nil
    }
    return "a name that ends in '.ATTRIBUTES' cannot be restored by TensorFlow; choose another"
  }
}
