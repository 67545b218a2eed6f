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

    /// Whether it is an array or a dictionary to which nothing belongs.
    fileprivate var isEmptyPlace: Bool { (object as? ContainerNode)?.isEmpty == true }
  }

  /// Something that cannot be part of a checkpoint.
  struct Problem {
    /// The names that lead to it from the owner.
    let path: [String]
    let error: CheckpointError
    /// If these objects are reached by another way, it is no problem; always one for `nil`.
    let objects: [AnyObject]?
  }

  private(set) var entries: [Entry] = []
  private(set) var value: NodeValue?
  private var attributes: [NodeAttributes.Member] = []
  private var hasTrackedProperties = false
  private(set) var problems: [Problem] = []
  private var ownerType: Any.Type
  // Whether no two things can have one name: all are properties of one class, or elements of a list.
  private var haveUniqueNames = false
  // What has been found by itself, and could be registered by hand as well.
  private var found: (entries: Range<Int>, problems: Range<Int>) = (0..<0, 0..<0)
  private var reflection = Reflection()
  // Of the object asked last: mostly the next one is of the same class.
  private var lastClass: (type: ObjectIdentifier, properties: StoredProperties?)?

  init(of owner: any Checkpointable) { ownerType = type(of: owner) }

  /// Begins with another object, in the same memory.
  ///
  /// - Parameter type: The type of the object, or of the one that holds it.
  mutating func begin(_ type: Any.Type) {
    ownerType = type
    if !entries.isEmpty { entries.removeAll(keepingCapacity: true) }
    value = nil
    if !attributes.isEmpty { attributes = [] }
    (haveUniqueNames, hasTrackedProperties) = (false, false)
    if !problems.isEmpty { problems = [] }
    found = (0..<0, 0..<0)
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
    reflection.isStrict = true
    add(reflection.dependency(in: value), as: name)
    noteProblems(of: name)
  }

  /// Registers a stored property that holds a tensor, or any storable value.
  ///
  /// - Parameters:
  ///   - name: What it is called in the checkpoint.
  ///   - owner: The object.
  ///   - property: Where its value is; a restore writes it.
  public mutating func variable<Owner: AnyObject, Value: TensorStorable>(
    _ name: String, of owner: Owner, _ property: ReferenceWritableKeyPath<Owner, Value>
  ) {
    add(name, PlaceVariable(ValuePlace(owner, property)), .place)
  }

  /// Registers a stored property that holds a number or a string, as a tensor without dimensions.
  ///
  /// - Parameters: As for properties that hold a tensor.
  public mutating func variable<Owner: AnyObject, Scalar: TensorScalar>(
    _ name: String, of owner: Owner, _ property: ReferenceWritableKeyPath<Owner, Scalar>
  ) {
    add(name, PlaceVariable(ValuePlace(owner, property).asTensor), .place)
  }

  /// Registers a stored property that holds a tensor as an attribute of the owner itself, under a name of
  /// its own: as TensorFlow does with what `_serialize_to_tensors` returns.
  ///
  /// The key is `model/table/.ATTRIBUTES/offsets`, where `variable(_:of:_:)` makes it
  /// `model/table/offsets/.ATTRIBUTES/VARIABLE_VALUE`. All attributes of an object are restored together
  /// or not at all. What has other shapes from save to save is a ``TensorGroup``.
  ///
  /// - Parameters:
  ///   - name: The name of the attribute, without dots and slashes, which TensorFlow could not restore.
  ///   - owner: The object; no ``TensorVariable``, which has an attribute already.
  ///   - property: Where its value is; a restore writes it.
  public mutating func attribute<Owner: AnyObject, Value: TensorStorable>(
    _ name: String, of owner: Owner, _ property: ReferenceWritableKeyPath<Owner, Value>
  ) {
    addAttribute(name, PlaceVariable(ValuePlace(owner, property)))
  }

  /// Registers a stored property that holds a number or a string as an attribute of the owner itself, as a
  /// tensor without dimensions.
  ///
  /// - Parameters: As for properties that hold a tensor.
  public mutating func attribute<Owner: AnyObject, Scalar: TensorScalar>(
    _ name: String, of owner: Owner, _ property: ReferenceWritableKeyPath<Owner, Scalar>
  ) {
    addAttribute(name, PlaceVariable(ValuePlace(owner, property).asTensor))
  }

  private mutating func addAttribute(_ name: String, _ variable: any TensorVariable) {
    attributes.append(NodeAttributes.Member(name: name, variable: variable))
  }

  /// Registers something that reads and writes a state of the owner.
  package mutating func state(_ name: String, _ state: any StateRepresentable) {
    add(name, state, .place)
  }

  /// Registers the stored properties of an object, those of superclasses first, named by their
  /// labels.
  ///
  /// A property that holds values which would be forgotten is an error, unless it is left out, or
  /// registered under its label besides.
  ///
  /// - Parameters:
  ///   - object: The object.
  ///   - excluded: Labels of properties that are left out.
  public mutating func trackProperties(of object: AnyObject, except excluded: Set<String> = []) {
    let (entryCount, problemCount) = (entries.count, problems.count)
    if let known = storedProperties(of: object) {
      for index in known.properties.indices
      where excluded.isEmpty || !known.properties[index].label.isAny(of: excluded) {
        let dependency = known.dependency(index, of: object, &reflection)
        add(dependency, known.properties[index].label)
      }
      haveUniqueNames = entryCount == 0 && known.haveUniqueNames
    } else {
      trackMirroredProperties(of: object, except: excluded)
    }
    found = (entryCount..<entries.count, problemCount..<problems.count)
    hasTrackedProperties = true
  }

  /// Refuses an object of whose class nothing is registered, although it holds objects: a superclass
  /// registers by hand, and knows nothing of its subclasses.
  mutating func checkOwnProperties(of object: AnyObject) {
    guard !hasTrackedProperties else { return }
    let own = Reflection.children(of: object).suffix(Mirror(reflecting: object).children.count)
    let held = own.filter { $0.traits.isStrong && $0.value is any Checkpointable }
    guard !held.isEmpty, !held.contains(where: { isRegistered($0.value as AnyObject) }) else {
      return
    }
    let names = held.map { $0.label.wrappedName ?? $0.label.name }
    refuse(
      [names[0]],
      "nothing that \(ownerType) itself holds is registered, \(NameList.text(names)): if a superclass "
        + "registers by hand, it has to call super.registerDependencies(in:) or trackProperties(of: self), "
        + "or \(ownerType) overrides the method; what is not to be saved is marked @NoDependency")
  }

  private func isRegistered(_ object: AnyObject) -> Bool {
    entries.contains { $0.object === object }
  }

  private mutating func trackMirroredProperties(of object: AnyObject, except excluded: Set<String>)
  {
    for child in Reflection.children(of: object) where !child.label.isAny(of: excluded) {
      add(reflection.dependency(in: child), child.label)
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

  /// Makes the attributes and what else the object has as its value one value.
  ///
  /// - Parameters:
  ///   - known: What the object is a variable, a state or a group of, if it is one.
  ///   - isAmbiguous: Whether it is several of these.
  mutating func finishValue(_ known: NodeValue?, isAmbiguous: Bool) {
    value = value ?? known
    if isAmbiguous {
      let what = "a TensorVariable, a StateRepresentable and a TensorGroup"
      problems.append(
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
    var names: Set<TensorKey> = []
    for member in attributes.members {
      let name = attributes.attribute(of: member)
      if let reason = Self.reasonAgainst(attribute: name) { refuse([name], reason) }
      if !names.insert(TensorKey(name)).inserted {
        let error = CheckpointError(
          .duplicateName, "\(ownerType): two attributes have the name '\(name)'")
        problems.append(Problem(path: [name], error: error, objects: nil))
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

  mutating func add(
    _ name: String, _ object: any Checkpointable, _ identity: Entry.Identity,
    value: NodeValue? = nil
  ) {
    if let reason = Self.reasonAgainst(name) { return refuse([name], reason) }
    entries.append(Entry(name: name, object: object, identity: identity, value: value))
    haveUniqueNames = false
  }

  private mutating func add(_ dependency: Reflection.Dependency, _ label: PropertyLabel) {
    var name = label.name
    if case .wrapped(let inner) = dependency {
      name = label.wrappedName ?? name
      add(inner, as: name)
    } else {
      add(dependency, as: name)
    }
    noteProblems(of: name)
  }

  mutating func add(_ dependency: Reflection.Dependency, as name: String) {
    switch dependency {
    case .nothing: break
    case .object(let object): add(name, object, .object)
    case .variable(let variable): add(name, variable, .object, value: .variable(variable))
    case .foreign(let variable, let object): add(name, variable, .foreign(object))
    case .container(let container): add(name, container, .place)
    case .wrapped(let inner): add(inner, as: name)
    }
  }

  // What has been found in a property, and cannot be part of a checkpoint.
  private mutating func noteProblems(of name: String) {
    guard !reflection.problems.isEmpty else { return }
    for problem in reflection.takeProblems() {
      refuse([name] + problem.path, problem.reason, holding: problem.objects)
    }
  }

  /// Leaves one of what is there twice under one name; two things of one name are a problem.
  ///
  /// What has been registered by hand is no problem of the property of that name any more.
  mutating func finish() {
    if !found.problems.isEmpty { settleProblems() }
    guard !haveUniqueNames, haveRepeatedNames else { return }
    var known: [TensorKey: Int] = [:]
    var kept: [Entry] = []
    for entry in entries {
      guard let first = known[TensorKey(entry.name)] else {
        known[TensorKey(entry.name)] = kept.count
        kept.append(entry)
        continue
      }
      if kept[first].isEmptyPlace {
        kept[first] = entry
      } else if !entry.isSame(as: kept[first]), !entry.isEmptyPlace {
        addDuplicate(entry, kept[first])
      }
    }
    entries = kept
  }

  private mutating func settleProblems() {
    let others = entries.indices.lazy.filter { [found] in !found.entries.contains($0) }
    let names = others.map { [entries] in entries[$0].name } + attributes.map(\.name)
    let isSettled = found.problems.map { index in
      names.contains { $0.hasSameBytes(as: problems[index].path[0]) }
    }
    for index in found.problems.reversed() where isSettled[index - found.problems.lowerBound] {
      problems.remove(at: index)
    }
    found.problems = 0..<0
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
    let error = CheckpointError(
      .duplicateName, "\(ownerType): two things have the name '\(entry.name)', \(types)")
    problems.append(Problem(path: [entry.name], error: error, objects: nil))
  }

  private mutating func refuse(
    _ path: [String], _ reason: String, holding objects: [AnyObject]? = nil
  ) {
    let place = path.joined(separator: "/")
    let error = CheckpointError(.invalidArgument, "\(ownerType), property '\(place)': \(reason)")
    problems.append(Problem(path: path, error: error, objects: objects))
  }

  /// Notes what is wrong with a field of a struct.
  mutating func refuse(_ problem: FieldProblem, of type: Any.Type) {
    let place = problem.path.joined(separator: "/")
    let error = CheckpointError(.invalidArgument, "\(type), field '\(place)': \(problem.reason)")
    problems.append(Problem(path: problem.path, error: error, objects: nil))
  }

  // TensorFlow looks for the first `.ATTRIBUTES/` in a key, and would find it too early.
  private static func reasonAgainst(_ name: String) -> String? {
    guard name.utf8.count >= 11, name.utf8.suffix(11).elementsEqual(".ATTRIBUTES".utf8) else {
      return nil
    }
    return "a name that ends in '.ATTRIBUTES' cannot be restored by TensorFlow; choose another"
  }
}
