import Synchronization

/// What the values of a type are to a checkpoint, told by the type alone: the answer does not change
/// as an optional or an array fills.
enum StoredType: Equatable {
  /// Nothing of a checkpoint: settings.
  case configuration
  /// The same in lists or dictionaries: these are nodes, as in TensorFlow.
  case lists
  /// Only the value tells: an object, an existential.
  case open
  /// An object that is saved, or what may hold some.
  case followed
  /// Values that nobody would save.
  case forgotten([ForgottenValue])

  private static let known = Mutex<[ObjectIdentifier: StoredType]>([:])

  /// What the values of a type are; found out once.
  static func of(_ type: Any.Type) -> StoredType {
    let identifier = ObjectIdentifier(type)
    if let found = known.withLock({ $0[identifier] }) { return found }
    var judge = TypeJudge()
    let found = judge.judge(type)
    known.withLock { $0[identifier] = found }
    return found
  }

  /// The same of what may be a property wrapper's storage, which is looked into wherever it comes from.
  static func of(_ type: Any.Type, isWrapper: Bool) -> StoredType {
    let found = of(type)
    guard isWrapper, found == .configuration, !(type is any ExcludedFromCheckpoints.Type) else {
      return found
    }
    return ModuleOfType(type).keepsToItself ? .open : found
  }

  static func forgotten(_ reason: ForgottenValue.Reason) -> StoredType {
    .forgotten([ForgottenValue(reason: reason)])
  }

  /// What a value is that consists of two.
  func joined(with other: StoredType) -> StoredType {
    if case (.forgotten(let one), .forgotten(let two)) = (self, other) {
      return .forgotten(one + two)
    }
    return rank < other.rank ? other : self
  }

  private var rank: Int {
    switch self {
    case .configuration: 0
    case .lists: 1
    case .open: 2
    case .followed: 3
    case .forgotten: 4
    }
  }

  /// The same with other forgotten values.
  func mapForgotten(_ change: (ForgottenValue) -> ForgottenValue) -> StoredType {
    guard case .forgotten(let values) = self else { return self }
    return .forgotten(values.map(change))
  }

  /// What a struct or an enumeration is that consists of this: no node for lists alone.
  var asNode: StoredType { self == .lists ? .configuration : self }

  /// The same, but forgotten values do not matter.
  var lenient: StoredType { if case .forgotten = self { .configuration } else { self } }
}
