import CFieldLayout
import CheckpointTensors
import Synchronization

/// The stored properties of a class, looked at once: `Mirror` takes 1.6 µs for a property of an
/// object, and as long for the next object of the class.
///
/// Where a property is, the runtime tells; what it is called, `Mirror` does. On the first object both
/// have to agree in everything, names, order and values; a class for which they do not, or that has
/// weak or unowned properties or a mirror of its own, is left to `Mirror`.
final class StoredProperties {
  /// One that may hold something of a checkpoint.
  struct Property {
    let label: Reflection.Label
    fileprivate let content: Content
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
    /// Something else, to be looked into.
    case other(Any.Type)
  }

  /// Those that may hold something, of superclasses first.
  let properties: [Property]
  /// Whether no two of them can be registered under one name.
  let haveUniqueNames: Bool

  private init(_ properties: [Property]) {
    self.properties = properties
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
        let found = find(in: object).map { Known.layout(StoredProperties($0)) } ?? .unknown
        classes.withLock { $0[type] = found }
        return found
      }()
    guard case .layout(let properties) = known else { return nil }
    return properties
  }

  // MARK: A new class

  private static func find(in object: AnyObject) -> [Property]? {
    let type: Any.Type = type(of: object)
    guard !(object is any CustomReflectable) else { return nil }
    let children = Reflection.children(of: object)
    // A type that is not known at compile time is one pointer, to the metadata.
    let metadata = unsafe unsafeBitCast(type, to: UnsafeRawPointer.self)
    guard unsafe ck_field_count(metadata) == children.count else { return nil }
    var properties: [Property] = []
    for (index, child) in children.enumerated() {
      let field = unsafe ck_field_at(metadata, index)
      guard unsafe field.isStrong, let name = unsafe field.name, let type = unsafe field.type,
        unsafe String(cString: name) == child.label
      else { return nil }
      // The other way round: the metadata of a type that can be copied, since `Mirror` did.
      let declared = unsafe unsafeBitCast(type, to: Any.Type.self)
      let offset = unsafe field.offset
      guard isSame(value(of: declared, in: object, at: offset), child.value) else { return nil }
      let label = Reflection.Label(child.label)
      guard let content = content(declared, label) else { continue }
      properties.append(Property(label: label, content: content, offset: offset))
    }
    return properties
  }

  private static func isSame(_ one: Any, _ other: Any) -> Bool {
    guard type(of: one) == type(of: other) else { return false }
    guard type(of: one) is AnyObject.Type else { return true }
    return (one as AnyObject) === (other as AnyObject)
  }

  // Nothing for a property that never holds anything of a checkpoint: the rules of
  // `Reflection.dependency`, for all values of a type at once.
  private static func content(_ type: Any.Type, _ label: Reflection.Label) -> Content? {
    if !label.mayBeWrapper {
      if let type = type as? any PlainVariable.Type { return .variable(type) }
      if let type = type as? any Checkpointable.Type { return .object(type) }
    }
    if !(type is AnyObject.Type) {
      if type is any TensorScalar.Type || type is any ExcludedFromCheckpoints.Type { return nil }
      if let type = type as? any DependencyContainer.Type { return .container(type) }
    }
    return .other(type)
  }

  // MARK: Reading

  /// What a property is to a checkpoint.
  ///
  /// - Parameters:
  ///   - index: Which of the properties.
  ///   - object: An object of the class.
  /// - Returns: What it is.
  func dependency(_ index: Int, of object: AnyObject) -> Reflection.Dependency {
    let property = properties[index]
    switch property.content {
    case .variable(let type):
      return .variable(Self.variable(of: type, in: object, at: property.offset))
    case .object(let type):
      return .object(Self.object(of: type, in: object, at: property.offset))
    case .container(let type):
      return Self.container(of: type, in: object, at: property.offset).dependency
    case .other(let type):
      let value = Self.value(of: type, in: object, at: property.offset)
      return Reflection.dependency(in: value, isWrapper: property.label.mayBeWrapper)
    }
  }

  private static func variable<Variable: PlainVariable>(
    of type: Variable.Type,
    in object: AnyObject,
    at offset: Int
  ) -> any TensorVariable {
    property(of: type, in: object, at: offset)
  }

  private static func object<Object: Checkpointable>(
    of type: Object.Type,
    in object: AnyObject,
    at offset: Int
  ) -> any Checkpointable {
    property(of: type, in: object, at: offset)
  }

  private static func container<Container: DependencyContainer>(
    of type: Container.Type,
    in object: AnyObject,
    at offset: Int
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
  private static func property<Value>(
    of _: Value.Type,
    in object: AnyObject,
    at offset: Int
  ) -> Value {
    let start = unsafe UnsafeRawPointer(Unmanaged.passUnretained(object).toOpaque())
    let value = unsafe (start + offset).assumingMemoryBound(to: Value.self).pointee
    extendLifetime(object)
    return value
  }
}
