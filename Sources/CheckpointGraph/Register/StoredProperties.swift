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
    let content: Content
  }

  /// What it holds in an object of the class, as far as the declared type tells.
  enum Content {
    /// An object that can be saved.
    case object((AnyObject) -> any Checkpointable)
    /// An array, a dictionary, a set.
    case container((AnyObject) -> any DependencyContainer)
    /// Something else, to be looked into.
    case other((AnyObject) -> Any)
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
      guard isSame(reader(of: declared, at: offset)(object), child.value) else { return nil }
      let label = Reflection.Label(child.label)
      guard let content = content(declared, label, offset) else { continue }
      properties.append(Property(label: label, content: content))
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
  private static func content(
    _ type: Any.Type,
    _ label: Reflection.Label,
    _ offset: Int
  ) -> Content? {
    if !label.mayBeWrapper, let type = type as? any Checkpointable.Type {
      return .object(objectReader(of: type, at: offset))
    }
    if !(type is AnyObject.Type) {
      if type is any TensorScalar.Type || type is any ExcludedFromCheckpoints.Type { return nil }
      if let type = type as? any DependencyContainer.Type {
        return .container(containerReader(of: type, at: offset))
      }
    }
    return .other(reader(of: type, at: offset))
  }

  // MARK: Reading

  private static func objectReader<Object: Checkpointable>(
    of type: Object.Type,
    at offset: Int
  ) -> (AnyObject) -> any Checkpointable {
    { value(of: type, in: $0, at: offset) }
  }

  private static func containerReader<Container: DependencyContainer>(
    of type: Container.Type,
    at offset: Int
  ) -> (AnyObject) -> any DependencyContainer {
    { value(of: type, in: $0, at: offset) }
  }

  private static func reader<Value>(of type: Value.Type, at offset: Int) -> (AnyObject) -> Any {
    { value(of: type, in: $0, at: offset) }
  }

  // The property is initialized for as long as the object lives, and of that type there: `find` has
  // compared it with what `Mirror` shows, and an object is always given to readers of its own class.
  @inline(__always)
  private static func value<Value>(of _: Value.Type, in object: AnyObject, at offset: Int) -> Value
  {
    withExtendedLifetime(object) {
      let start = unsafe UnsafeRawPointer(Unmanaged.passUnretained(object).toOpaque())
      return unsafe (start + offset).assumingMemoryBound(to: Value.self).pointee
    }
  }
}
