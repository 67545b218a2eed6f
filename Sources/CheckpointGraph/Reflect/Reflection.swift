import CheckpointIO
import CheckpointTensors

/// Finds what belongs to an object by looking at its stored properties, and what would be forgotten.
struct Reflection {
  /// Values that could not be restored, or would not be saved.
  struct Problem {
    /// Where they are in the property.
    var path: [String] = []
    /// Why, and what to do about it.
    let reason: String
    /// If these objects are reached by another way, it is none; always one for `nil`.
    var objects: [AnyObject]?
  }

  /// Whether values that would be forgotten are problems.
  ///
  /// They are none in what a superclass outside of `Checkpointable` has: nobody can change that.
  var isStrict = true
  /// What has been found so far.
  private(set) var problems: [Problem] = []

  /// Takes the problems out.
  mutating func takeProblems() -> [Problem] {
    defer { problems = [] }
    return problems
  }

  /// Notes a problem, unless problems do not matter.
  mutating func note(_ reason: String, holding objects: [AnyObject]? = nil) {
    if isStrict { problems.append(Problem(reason: reason, objects: objects)) }
  }

  /// Notes that a value would be forgotten.
  mutating func note(_ value: ForgottenValue) {
    if isStrict { problems.append(Problem(path: value.path, reason: value.text)) }
  }

  /// Looks at a part of a value, which has a name in it.
  mutating func look(
    at name: @autoclosure () -> String, _ part: (inout Reflection) -> FoundDependency
  )
    -> FoundDependency
  {
    let count = problems.count
    let found = part(&self)
    if problems.count > count {
      let name = name()
      for index in count..<problems.count { problems[index].path.insert(name, at: 0) }
    }
    return found
  }

  // MARK: Values

  /// Tells what a value is to a checkpoint.
  ///
  /// - Parameters:
  ///   - value: The value.
  ///   - isWrapper: Whether it may be a property wrapper's storage, which is looked into.
  /// - Returns: What it is.
  mutating func dependency(in value: Any, isWrapper: Bool = false) -> FoundDependency {
    if let object = value as? any Checkpointable {
      guard isWrapper, let wrapper = object as? any DependencyWrapper else {
        return .object(object)
      }
      return .wrapped(.object(object), name: wrapper.dependencyName)
    }
    switch StoredType.of(type(of: value), isWrapper: isWrapper) {
    case .configuration: return .nothing
    case .forgotten(let values) where isStrict: return forgotten(values, in: value, isWrapper)
    default: return held(in: value, isWrapper: isWrapper)
    }
  }

  private mutating func forgotten(_ values: [ForgottenValue], in value: Any, _ isWrapper: Bool)
    -> FoundDependency
  {
    var found = values.map { Problem(path: $0.path, reason: $0.text) }
    if !values.contains(where: \.path.isEmpty) {  // else it is a whole, with nothing in it
      var parts = Reflection()
      _ = parts.inside(value, isWrapper: false)
      found += parts.problems.filter { problem in !found.contains { $0.path == problem.path } }
    }
    if isWrapper, found.count == 1 { found[0].path = [] }
    problems += found
    return isWrapper ? .wrapped(.nothing) : .nothing
  }

  private mutating func held(in value: Any, isWrapper: Bool) -> FoundDependency {
    if let container = value as? any DependencyContainer { return container.dependency(&self) }
    if let wrapper = value as? any DependencyWrapper {
      return .wrapped(dependency(in: wrapper.wrappedDependency), name: wrapper.dependencyName)
    }
    if let object = value as? any TensorStorable & AnyObject {
      return .foreign(ForeignVariable(object), object)
    }
    let found = inside(value, isWrapper: isWrapper)
    guard case .nothing = found else { return found }
    if let collection = value as? any Collection { return elements(of: collection) }
    if hidesContent(value) { note(ForgottenValue(reason: .unreadable("\(type(of: value))"))) }
    return found
  }

  // A mirror of its own shows what the type wants to be shown; what its fields hold is known by then.
  private func hidesContent(_ value: Any) -> Bool {
    guard value is any CustomReflectable, !(value is any OptionalValue) else { return false }
    if case .followed = StoredType.of(type(of: value)) { return true }
    return false
  }

  // Optionals, tuples, structs and enumerations: what they hold, if that has values.
  private mutating func inside(_ value: Any, isWrapper: Bool) -> FoundDependency {
    let mirror = Mirror(reflecting: value)
    switch mirror.displayStyle {
    case .optional:
      return mirror.children.first.map { dependency(in: $0.value) } ?? .nothing
    case .tuple: return tuple(mirror)
    case .struct, .enum: return fields(mirror, isWrapper: isWrapper)
    case .class:
      if isStrict { lookAtPlainObject(value as AnyObject) }
      return .nothing
    default: return .nothing
    }
  }

  // Named elements by name first, then all by index, as TensorFlow has named tuples.
  private mutating func tuple(_ mirror: Mirror) -> FoundDependency {
    var named: [(name: String, value: FoundDependency)] = []
    var numbered: [(name: String, value: FoundDependency)] = []
    for (index, child) in mirror.children.enumerated() {
      let label = child.label.flatMap { $0.hasPrefix(".") ? nil : $0 }
      let dependency = look(at: String(index)) { $0.dependency(in: child.value) }
      if case .nothing = dependency { continue }
      if let label { named.append((label, dependency)) }
      numbered.append((String(index), dependency))
    }
    return numbered.isEmpty ? .nothing : .container(ContainerNode(named + numbered))
  }

  private mutating func fields(_ mirror: Mirror, isWrapper: Bool) -> FoundDependency {
    let wasStrict = isStrict
    defer { isStrict = wasStrict }
    if isStrict, !isWrapper, mirror.displayStyle == .struct {
      isStrict = !ModuleOfType(mirror.subjectType).keepsToItself
    }
    let isObservable = mirror.children.contains { PropertyLabel.isRegistrar($0.label) }
    let count = problems.count
    var named: [(name: String, value: FoundDependency)] = []
    for child in mirror.children where !PropertyLabel.isRegistrar(child.label) {
      let label = PropertyLabel(child.label ?? "", isObservable: isObservable)
      let dependency = look(at: label.name) { $0.dependency(in: label.declared(child.value)) }
      if dependency.holdsValues { named.append((label.name, dependency)) }
    }
    guard isWrapper else { return named.isEmpty ? .nothing : .container(ContainerNode(named)) }
    if problems.count == count + 1 { problems[count].path = [] }
    if named.count < 2 { return .wrapped(named.first?.value ?? .nothing) }
    return .container(ContainerNode(named))
  }
}

extension PropertyLabel {
  /// The value of the property, where its storage is given: a lazy property is stored as an optional.
  func declared(_ stored: Any) -> Any {
    guard isLazy, let optional = stored as? any OptionalValue else { return stored }
    return optional.value ?? ()
  }
}

private protocol OptionalValue { var value: Any? { get } }
extension Optional: OptionalValue { fileprivate var value: Any? { map { $0 } } }
