import CheckpointIO
import CheckpointTensors

/// Finds what belongs to an object by looking at its stored properties.
enum Reflection {
  /// What a value is to a checkpoint.
  enum Dependency {
    /// Nothing: a number, a string, `nil`.
    case nothing
    /// An object with values.
    case object(any Checkpointable)
    /// A variable to which nothing but its value belongs.
    case variable(any TensorVariable)
    /// An object of somebody else's array type, and the variable that stands for it.
    case foreign(any TensorVariable, AnyObject)
    /// An array, dictionary, tuple or struct.
    case container(ContainerNode)
    /// The value of a property wrapper.
    indirect case wrapped(Dependency)
    /// Values that could not be restored, and why.
    case problem(String)
    /// An object that is not followed, but holds others: a problem if nothing else leads to them.
    case bystander(holding: [AnyObject], reason: String)
  }

  /// The label of a stored property.
  struct Label {
    /// The label, without the mark of a lazy property.
    let name: String
    let isLazy: Bool

    init(_ label: String) {
      let lazyMark = "$__lazy_storage_$_"
      isLazy = label.hasPrefix(lazyMark)
      name = isLazy ? String(label.dropFirst(lazyMark.count)) : label
    }

    /// The storage of a wrapped property has the property's name after an underscore.
    var mayBeWrapper: Bool { !isLazy && name.hasPrefix("_") }

    var nameWithoutUnderscore: String { String(name.dropFirst()) }

    /// What the property may be registered as.
    var possibleNames: [String] { mayBeWrapper ? [name, nameWithoutUnderscore] : [name] }
  }

  /// The stored properties of an object as `Mirror` shows them, those of superclasses first.
  static func children(of object: AnyObject) -> [(label: String, value: Any)] {
    var mirrors = [Mirror(reflecting: object)]
    while let superclass = mirrors.last?.superclassMirror { mirrors.append(superclass) }
    return mirrors.reversed().flatMap { mirror in
      mirror.children.compactMap { child in child.label.map { ($0, child.value) } }
    }
  }

  /// Tells what a value is to a checkpoint.
  ///
  /// - Parameters:
  ///   - value: The value.
  ///   - isWrapper: Whether it may be a property wrapper's storage, which is looked into.
  /// - Returns: What it is.
  static func dependency(in value: Any, isWrapper: Bool = false) -> Dependency {
    if let object = value as? any Checkpointable {
      return isWrapper && object is any DependencyWrapper
        ? .wrapped(.object(object)) : .object(object)
    }
    if value is any TensorScalar || value is any ExcludedFromCheckpoints { return .nothing }
    if let container = value as? any DependencyContainer { return container.dependency }
    if let wrapper = value as? any DependencyWrapper {
      return .wrapped(dependency(in: wrapper.wrappedDependency))
    }
    if let storable = value as? any TensorStorable { return Self.storable(storable) }
    if value is any CheckpointableValue {
      return .problem(
        "a \(type(of: value)) is a value whose fields could not be written back; "
          + "hold it in Tracked"
      )
    }
    return inside(value, isWrapper: isWrapper)
  }

  private static func storable(_ storable: any TensorStorable) -> Dependency {
    if let object = storable as? any TensorStorable & AnyObject {
      return .foreign(ForeignVariable(object), object)
    }
    return .problem(
      "a \(type(of: storable)) is a value that could not be written back; hold it in a Variable or "
        + "TensorBox, register it with registrar.variable, or mark it @NoDependency"
    )
  }

  // Optionals, tuples, structs and enumerations: what they hold, if that has values.
  private static func inside(_ value: Any, isWrapper: Bool) -> Dependency {
    let mirror = Mirror(reflecting: value)
    switch mirror.displayStyle {
    case .optional:
      return mirror.children.first.map { dependency(in: $0.value) } ?? .nothing
    case .tuple: return tuple(mirror)
    case .struct, .enum: return fields(mirror, isWrapper: isWrapper)
    case .class: return plainObject(value, mirror)
    default: return .nothing
    }
  }

  // Named elements by name first, then all by index, as TensorFlow has named tuples.
  private static func tuple(_ mirror: Mirror) -> Dependency {
    var named: [(name: String, value: Dependency)] = []
    var numbered: [(name: String, value: Dependency)] = []
    for (index, child) in mirror.children.enumerated() {
      let dependency = dependency(in: child.value)
      if case .nothing = dependency { continue }
      if let label = child.label, !label.hasPrefix(".") { named.append((label, dependency)) }
      numbered.append((String(index), dependency))
    }
    return numbered.isEmpty ? .nothing : .container(ContainerNode(named + numbered))
  }

  private static func fields(_ mirror: Mirror, isWrapper: Bool) -> Dependency {
    var named: [(name: String, value: Dependency)] = []
    for child in mirror.children {
      let dependency = dependency(in: child.value)
      guard holdsValues(dependency) else { continue }
      named.append((Label(child.label ?? "").name, dependency))
    }
    if isWrapper, named.count == 1, let only = named.first { return .wrapped(only.value) }
    return named.isEmpty ? .nothing : .container(ContainerNode(named))
  }

  // Forgotten conformance is the usual reason for a model that is not saved.
  private static func plainObject(_ value: Any, _ mirror: Mirror) -> Dependency {
    var held: [AnyObject] = []
    var next: Mirror? = mirror
    while let mirror = next {
      for child in mirror.children { collectObjects(in: child.value, &held) }
      next = mirror.superclassMirror
    }
    guard !held.isEmpty else { return .nothing }
    let reason =
      "\(type(of: value)) holds variables, but is not Checkpointable: let it conform, or mark "
      + "the property @NoDependency"
    return .bystander(holding: held, reason: reason)
  }

  // The objects in a value; those behind other plain objects are not looked for. Of a collection the
  // first element tells what it holds.
  private static func collectObjects(in value: Any, _ objects: inout [AnyObject]) {
    if let object = value as? any Checkpointable { return objects.append(object) }
    if value is any TensorScalar || value is any ExcludedFromCheckpoints { return }
    let mirror = Mirror(reflecting: value)
    switch mirror.displayStyle {
    case .optional, .tuple, .struct, .enum:
      for child in mirror.children { collectObjects(in: child.value, &objects) }
    case .collection, .dictionary:
      if let first = mirror.children.first { collectObjects(in: first.value, &objects) }
    default: break
    }
  }

  // A list of numbers is a node, but no reason to look at the struct that holds it as one.
  private static func holdsValues(_ dependency: Dependency) -> Bool {
    switch dependency {
    case .nothing, .bystander: false
    case .container(let container): container.isWorthTracking
    case .wrapped(let inner): holdsValues(inner)
    case .object, .variable, .foreign, .problem: true
    }
  }
}

extension ContainerNode {
  /// Whether it has any children.
  var isWorthTracking: Bool {
    var registrar = DependencyRegistrar(of: self)
    registerDependencies(in: &registrar)
    return !registrar.entries.isEmpty || !registrar.problems.isEmpty
  }
}

/// A property wrapper whose value is a dependency under the property's name, without the underscore
/// of its storage.
public protocol DependencyWrapper {
  /// The value.
  var wrappedDependency: Any { get }
}
