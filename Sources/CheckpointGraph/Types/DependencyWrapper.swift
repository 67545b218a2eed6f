/// A property wrapper whose value is a dependency under the property's name, without the underscore
/// of its storage.
public protocol DependencyWrapper {
  /// The value.
  var wrappedDependency: Any { get }
}
