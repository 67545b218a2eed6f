import CheckpointTensors

/// What a value is to a checkpoint.
enum FoundDependency {
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
  /// The value of a property wrapper, and its name, if that is not the property's.
  indirect case wrapped(FoundDependency, name: String? = nil)
}

extension FoundDependency {
  /// Whether it has values: a list of numbers is a node, but no reason to look at the struct that holds
  /// it as one.
  var holdsValues: Bool {
    switch self {
    case .nothing: false
    case .container(let container): container.isWorthTracking
    case .wrapped(let inner, _): inner.holdsValues
    case .object, .variable, .foreign: true
    }
  }
}

extension DependencyRegistrar {
  /// Registers what has been found, under a name.
  mutating func add(_ dependency: FoundDependency, as name: String) {
    switch dependency {
    case .nothing: break
    case .object(let object): add(name, object, .object)
    case .variable(let variable): add(name, variable, .object, value: .variable(variable))
    case .foreign(let variable, let object): add(name, variable, .foreign(object))
    case .container(let container):
      add(name, container, .place, isEmptyPlace: container.isEmpty)
    case .wrapped(let inner, _): add(inner, as: name)
    }
  }
}
