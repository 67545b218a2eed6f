import CheckpointIO
public import CheckpointTensors

/// Takes down what belongs to an object: see ``Checkpointable/registerDependencies(in:)``.
public struct DependencyRegistrar {
  /// One thing that belongs to the object.
  struct Entry {
    let name: String
    let object: any Checkpointable
    let identity: Identity

    /// How the thing is told from others: an object by itself; a place, such as an array, or a
    /// property that is a number, by the object that has it and the name.
    enum Identity {
      case object(AnyObject)
      case place
    }
  }

  private(set) var entries: [Entry] = []
  private(set) var value: NodeValue?
  private(set) var problems: [CheckpointError] = []
  /// What is a problem if nothing else leads to the objects.
  private(set) var doubts: [(problem: CheckpointError, objects: [AnyObject])] = []
  private let ownerType: Any.Type

  init(of owner: any Checkpointable) { ownerType = type(of: owner) }

  /// Registers an object under a name.
  public mutating func track(_ object: any Checkpointable, as name: String) {
    add(name, object, .object(object))
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
    Reflection.forEachProperty(of: object) { label, dependency in
      guard excluded.isEmpty || !excluded.contains(label.name) else { return }
      add(dependency(), label)
    }
  }

  /// Registers the object's own value.
  mutating func setValue(_ value: NodeValue) { self.value = value }

  mutating func add(_ name: String, _ object: any Checkpointable, _ identity: Entry.Identity) {
    if let reason = Self.reasonAgainst(name) { return refuse(name, reason) }
    entries.append(Entry(name: name, object: object, identity: identity))
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
    case .object(let object): add(name, object, .object(object))
    case .foreign(let variable, let object): add(name, variable, .object(object))
    case .container(let container): add(name, container, .place)
    case .wrapped(let inner): add(inner, as: name)
    case .problem(let reason): refuse(name, reason)
    case .bystander(let objects, let reason): doubts.append((problem(name, reason), objects))
    }
  }

  private mutating func refuse(_ name: String, _ reason: String) {
    problems.append(problem(name, reason))
  }

  private func problem(_ name: String, _ reason: String) -> CheckpointError {
    CheckpointError(.invalidArgument, "\(ownerType), property '\(name)': \(reason)")
  }

  // TensorFlow looks for the first `.ATTRIBUTES/` in a key, and would find it too early.
  private static func reasonAgainst(_ name: String) -> String? {
    guard CheckpointKey.escape(name).utf8.reversed().starts(with: ".ATTRIBUTES".utf8.reversed())
    else { return nil }
    return "a name that ends in '.ATTRIBUTES' cannot be restored by TensorFlow; choose another"
  }
}
