/// A property wrapper whose value is a dependency under the property's name, without the underscore
/// of its storage.
///
///     @propertyWrapper final class Parameter<Value: Checkpointable>: DependencyWrapper {
///       var wrappedValue: Value
///       let key: String?
///       init(wrappedValue: Value, key: String? = nil) { (self.wrappedValue, self.key) = (wrappedValue, key) }
///
///       var wrappedDependency: Any { wrappedValue }
///       var dependencyName: String? { key }
///     }
///
/// A struct or a class conforms. Another library's wrapper does so in an extension, if what it holds is public.
public protocol DependencyWrapper {
  /// The value.
  var wrappedDependency: Any { get }

  /// What the value is called in a checkpoint; `nil`, the default, for the property's name.
  var dependencyName: String? { get }
}

extension DependencyWrapper {
  /// The property's name.
  public var dependencyName: String? { nil }
}
