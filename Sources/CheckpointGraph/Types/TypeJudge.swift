import CFieldLayout
import CheckpointTensors

/// Looks at a type, and at those that it consists of.
struct TypeJudge {
  // Those that are being looked at: a type that contains itself adds nothing to what it is.
  private var current: Set<ObjectIdentifier> = []

  /// What the values of a type are.
  mutating func judge(_ type: Any.Type) -> StoredType {
    // A generic type may contain itself with ever other arguments.
    guard current.count < 24 else { return .open }
    guard current.insert(ObjectIdentifier(type)).inserted else { return .configuration }
    defer { current.remove(ObjectIdentifier(type)) }
    return Self.single(type) ?? collection(type) ?? parts(of: type)
  }

  // MARK: One value

  private static func single(_ type: Any.Type) -> StoredType? {
    if type is any Checkpointable.Type { return .followed }
    if type is any ExcludedFromCheckpoints.Type || type is any Error.Type { return .configuration }
    if type is any DependencyWrapper.Type { return .open }  // says itself what it holds
    if type is any TensorStorable.Type {
      return type is AnyObject.Type ? .followed : .forgotten(.tensor("\(type)"))
    }
    if type is any CheckpointableValue.Type { return .forgotten(.fields("\(type)")) }
    if type is any SIMD.Type { return .forgotten(.values("\(type)")) }
    if isScalar(type) || isText(type) { return .configuration }
    return nil
  }

  private static func isScalar(_ type: Any.Type) -> Bool {
    type is any TensorScalar.Type && !(type is any Holding.Type) || type is any FloatingPoint.Type
      || type is any FixedWidthInteger.Type
  }

  private static func isText(_ type: Any.Type) -> Bool {
    type is any StringProtocol.Type || type is any TextView.Type || type is any RangeExpression.Type
  }

  /// Whether many values of a type are data, as those that tensors have: numbers of a fixed width, and
  /// bytes.
  static func isNumber(_ type: Any.Type) -> Bool {
    if type == Int.self || type == UInt.self || type == Bool.self || type == String.self {
      return false
    }
    return isScalar(type)
  }

  // MARK: Values of one other type

  private mutating func collection(_ type: Any.Type) -> StoredType? {
    if let type = type as? any Holding.Type {
      let found = holding(type, type.elementType, type.arrangement)
      return found == .configuration && type.arrangement.isCollection ? .lists : found
    }
    guard let collection = type as? any Collection.Type else { return nil }
    let element = Self.element(of: collection)
    if Self.isNumber(element) { return .forgotten(.values("\(type)")) }
    if type is AnyObject.Type { return .open }
    // A struct that is a collection is a struct first.
    let parts = ModuleOfType(type).keepsToItself ? .open : parts(of: type)
    switch parts {
    case .followed, .forgotten: return parts
    case .configuration, .lists, .open:
      let elements = holding(type, element, Self.arrangement(of: collection))
      return elements == .lists ? parts : parts.joined(with: elements)
    }
  }

  private static func element<Some: Collection>(of _: Some.Type) -> Any.Type { Some.Element.self }

  private static func arrangement(of type: any Collection.Type) -> Arrangement {
    if type is any LazySequenceProtocol.Type { return .computed }
    return type is any BidirectionalCollection.Type ? .named : .unordered
  }

  private mutating func holding(_ type: Any.Type, _ element: Any.Type, _ arrangement: Arrangement)
    -> StoredType
  {
    if Self.isNumber(element) { return .forgotten(.values("\(type)")) }
    let found = judge(element)
    guard found == .followed else {
      return found.mapForgotten { $0.held(by: type, arrangement) }
    }
    switch arrangement {
    case .optional, .named: return .followed
    case .unordered: return .forgotten(.unordered("\(type)"))
    case .keyed: return .forgotten(.keyed("\(type)"))
    case .computed: return .forgotten(.computed("\(type)"))
    case .unreadable: return .forgotten(.unreadable("\(type)"))
    }
  }

  // MARK: Values of several parts

  private mutating func parts(of type: Any.Type) -> StoredType {
    if type is AnyObject.Type { return .open }
    // A type that is not known at compile time is one pointer, to the metadata.
    let metadata = unsafe unsafeBitCast(type, to: UnsafeRawPointer.self)
    let fieldCount = unsafe ck_field_count(metadata)
    if fieldCount >= 0 {
      let found = unsafe fields(of: metadata, count: fieldCount)
      if unsafe ck_is_tuple(metadata) { return found }
      return (ModuleOfType(type).keepsToItself ? found.lenient : found).asNode
    }
    let caseCount = unsafe ck_case_count(metadata)
    return caseCount >= 0 ? unsafe cases(of: metadata, count: caseCount).asNode : .open
  }

  private mutating func fields(of metadata: UnsafeRawPointer, count: Int) -> StoredType {
    var found = StoredType.configuration
    for index in 0..<count {
      let field = unsafe ck_field_at(metadata, index)
      guard let type = unsafe field.type else { continue }
      let label = unsafe field.name.map { unsafe String(cString: $0) }
      guard !PropertyLabel.isRegistrar(label) else { continue }
      let name = PropertyLabel(label ?? String(index))
      // The other way round: the metadata of a type that can be copied.
      let declared = name.declaredType(unsafe unsafeBitCast(type, to: Any.Type.self))
      found = found.joined(with: judge(declared).mapForgotten { $0.inField(name.name) })
    }
    return found
  }

  private mutating func cases(of metadata: UnsafeRawPointer, count: Int) -> StoredType {
    var found = StoredType.configuration
    for index in 0..<count {
      let enumerationCase = unsafe ck_case_at(metadata, index)
      guard unsafe enumerationCase.hasPayload else { continue }
      guard let type = unsafe enumerationCase.type else {
        found = found.joined(with: .open)
        continue
      }
      let name = unsafe enumerationCase.name.map { unsafe String(cString: $0) } ?? String(index)
      let payload = judge(unsafe unsafeBitCast(type, to: Any.Type.self))
      found = found.joined(with: payload.mapForgotten { $0.inField(name) })
    }
    return found
  }
}

extension PropertyLabel {
  /// The type of the property, where that of its storage is given: a lazy property is stored as an
  /// optional.
  func declaredType(_ stored: Any.Type) -> Any.Type {
    guard isLazy, let optional = stored as? any Holding.Type, optional.arrangement == .optional
    else {
      return stored
    }
    return optional.elementType
  }
}

/// A view of a string, which is a string rather than a collection of numbers.
private protocol TextView {}
extension String.UTF8View: TextView {}
extension String.UTF16View: TextView {}
extension Substring.UTF8View: TextView {}
extension Substring.UTF16View: TextView {}
