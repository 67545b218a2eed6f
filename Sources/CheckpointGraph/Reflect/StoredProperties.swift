import CheckpointTensors
import Synchronization

/// The stored properties of a class, looked at once: `Mirror` takes 1.6 µs for a property of an
/// object, and as long for the next object of the class.
///
/// Where a property is, the runtime tells; what it is called, `Mirror` does. On the first object both
/// have to agree in everything, names, order and values; a class for which they do not, or that has a
/// mirror of its own, is left to `Mirror`. Weak and unowned properties are read through `Mirror`, each
/// alone: how a reference is counted, only the runtime knows.
final class StoredProperties {
  /// One that may hold something of a checkpoint.
  struct Property {
    let label: PropertyLabel
    /// Whether values in it that would be forgotten are problems.
    let isStrict: Bool
    fileprivate let content: Content
    /// Bytes from the beginning of the object.
    fileprivate let offset: Int
  }

  /// What a property holds in an object of the class, as far as the declared type tells.
  fileprivate enum Content {
    /// A variable.
    case variable(any PlainVariable.Type)
    /// Another object that can be saved.
    case object(any Checkpointable.Type)
    /// An array, a dictionary, a set.
    case container(any DependencyContainer.Type)
    /// An object that it refers to without keeping it.
    case reference(Reflection.MirrorPosition)
    /// Values that nobody would save.
    case forgotten([ForgottenValue])
    /// Something else, to be looked into.
    case other(Any.Type)
  }

  /// Those that may hold something, of superclasses first.
  let properties: [Property]
  /// The labels of all properties, also of those that hold nothing of a checkpoint.
  let labels: [PropertyLabel]
  /// Whether no two of them can be registered under one name.
  let haveUniqueNames: Bool

  private init(_ properties: [Property], labels: [PropertyLabel]) {
    (self.properties, self.labels) = (properties, labels)
    let names = properties.flatMap { $0.label.possibleNames }.map { TensorKey($0) }
    haveUniqueNames = Set(names).count == names.count
  }

  // MARK: Known classes

  // Immutable once they are made; what reads the properties keeps no state.
  private enum Known: @unchecked Sendable {
    case layout(StoredProperties)
    case unknown
  }

  private static let classes = Mutex<[ObjectIdentifier: Known]>([:])

  /// The properties of an object's class; `nil` if only `Mirror` can tell.
  static func of(_ object: AnyObject) -> StoredProperties? {
    let type = ObjectIdentifier(type(of: object))
    let known =
      classes.withLock { $0[type] }
      ?? {
        let found = find(in: object).map(Known.layout) ?? .unknown
        classes.withLock { $0[type] = found }
        return found
      }()
    guard case .layout(let properties) = known else { return nil }
    return properties
  }

  // MARK: A new class

  private static func find(in object: AnyObject) -> StoredProperties? {
    guard !(object is any CustomReflectable) else { return nil }
    var properties: [Property] = []
    let children = Reflection.children(of: object)
    for child in children {
      guard let place = child.traits.place else { return nil }
      let value =
        child.traits.isStrong
        ? value(of: place.type, in: object, at: place.offset) : child.position.value(in: object)
      guard isSame(value, child.value) else { return nil }
      guard let content = content(child, place.type) else { continue }
      properties.append(
        Property(
          label: child.label, isStrict: child.isStrict, content: content, offset: place.offset))
    }
    return StoredProperties(properties, labels: children.map(\.label))
  }

  private static func isSame(_ one: Any, _ other: Any) -> Bool {
    guard type(of: one) == type(of: other) else { return false }
    guard type(of: one) is AnyObject.Type else { return true }
    return (one as AnyObject) === (other as AnyObject)
  }

  // Nothing for a property that never holds anything of a checkpoint: the rules of
  // `Reflection.dependency`, for all values of a type at once.
  private static func content(_ child: Reflection.Child, _ type: Any.Type) -> Content? {
    guard child.traits.isStrong else { return .reference(child.position) }
    let mayBeWrapper = child.label.wrappedName != nil
    if let type = type as? any PlainVariable.Type { return .variable(type) }
    if !mayBeWrapper, let type = type as? any Checkpointable.Type { return .object(type) }
    switch StoredType.of(child.label.declaredType(type), isWrapper: mayBeWrapper) {
    case .configuration: return nil
    case .forgotten(let values) where values.allSatisfy(\.path.isEmpty) && child.isStrict:
      return .forgotten(values)
    case .forgotten: return .other(type)
    case .lists, .open, .followed:
      return (type as? any DependencyContainer.Type).map(Content.container) ?? .other(type)
    }
  }

  // MARK: Reading

  /// What a property is to a checkpoint.
  ///
  /// - Parameters:
  ///   - index: Which of the properties.
  ///   - object: An object of the class.
  ///   - reflection: Gets what would be forgotten.
  /// - Returns: What it is.
  func dependency(_ index: Int, of object: AnyObject, _ reflection: inout Reflection)
    -> FoundDependency
  {
    let property = properties[index]
    reflection.isStrict = property.isStrict
    switch property.content {
    case .variable(let type):
      return .variable(Self.variable(of: type, in: object, at: property.offset))
    case .object(let type):
      return .object(Self.object(of: type, in: object, at: property.offset))
    case .container(let type):
      return Self.container(of: type, in: object, at: property.offset).dependency(&reflection)
    case .reference(let position):
      return reflection.dependency(
        in: property.label.declared(position.value(in: object)),
        isWrapper: property.label.wrappedName != nil)
    case .forgotten(let values):
      for value in values { reflection.note(value) }
      return .nothing
    case .other(let type):
      let value = Self.value(of: type, in: object, at: property.offset)
      return reflection.dependency(
        in: property.label.declared(value), isWrapper: property.label.wrappedName != nil)
    }
  }

  /// What the properties that may hold something hold, and what of them would be forgotten; those of
  /// other types are not read.
  func contents(of object: AnyObject) -> (values: [Any], forgotten: [ForgottenValue]) {
    var contents: (values: [Any], forgotten: [ForgottenValue]) = ([], [])
    for property in properties {
      switch property.content {
      case .forgotten(let values): contents.forgotten += values
      case .variable(let type):
        contents.values.append(Self.variable(of: type, in: object, at: property.offset))
      case .object(let type):
        contents.values.append(Self.object(of: type, in: object, at: property.offset))
      case .container(let type):
        contents.values.append(Self.container(of: type, in: object, at: property.offset))
      case .reference(let position): contents.values.append(position.value(in: object))
      case .other(let type):
        contents.values.append(Self.value(of: type, in: object, at: property.offset))
      }
    }
    return contents
  }

  private static func variable<Variable: PlainVariable>(
    of type: Variable.Type, in object: AnyObject, at offset: Int
  ) -> any TensorVariable {
    property(of: type, in: object, at: offset)
  }

  private static func object<Object: Checkpointable>(
    of type: Object.Type, in object: AnyObject, at offset: Int
  ) -> any Checkpointable {
    property(of: type, in: object, at: offset)
  }

  private static func container<Container: DependencyContainer>(
    of type: Container.Type, in object: AnyObject, at offset: Int
  ) -> any DependencyContainer {
    property(of: type, in: object, at: offset)
  }

  private static func value<Value>(of type: Value.Type, in object: AnyObject, at offset: Int) -> Any
  {
    property(of: type, in: object, at: offset)
  }

  // The property is initialized for as long as the object lives, and of that type there: `find` has
  // compared it with what `Mirror` shows, and an object is always asked for properties of its own
  // class.
  @inline(__always)
  private static func property<Value>(of _: Value.Type, in object: AnyObject, at offset: Int)
    -> Value
  {
    let start = unsafe UnsafeRawPointer(Unmanaged.passUnretained(object).toOpaque())
    let value = unsafe (start + offset).assumingMemoryBound(to: Value.self).pointee
    extendLifetime(object)
    return value
  }
}
