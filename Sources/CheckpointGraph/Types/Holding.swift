/// A type whose values hold values of one other type.
protocol Holding {
  /// What is held.
  static var elementType: Any.Type { get }
  /// In which way.
  static var arrangement: Arrangement { get }
}

/// The way in which a value holds others.
enum Arrangement {
  /// One or none.
  case optional
  /// Several, each with a name.
  case named
  /// Several without an order.
  case unordered
  /// Several, by keys that are no names.
  case keyed
  /// Several that are made when somebody asks.
  case computed
  /// Out of sight.
  case unreadable

  /// Whether the values are collections, which are nodes.
  var isCollection: Bool {
    switch self {
    case .named, .unordered, .keyed: true
    case .optional, .computed, .unreadable: false
    }
  }
}

extension Optional: Holding {
  static var elementType: Any.Type { Wrapped.self }
  static var arrangement: Arrangement { .optional }
}

extension Array: Holding {
  static var elementType: Any.Type { Element.self }
  static var arrangement: Arrangement { .named }
}

extension ContiguousArray: Holding {
  static var elementType: Any.Type { Element.self }
  static var arrangement: Arrangement { .named }
}

extension ArraySlice: Holding {
  static var elementType: Any.Type { Element.self }
  static var arrangement: Arrangement { .named }
}

@available(macOS 26, iOS 26, tvOS 26, watchOS 26, visionOS 26, *)
extension InlineArray: Holding {
  static var elementType: Any.Type { Element.self }
  static var arrangement: Arrangement { .named }
}

extension Dictionary: Holding {
  static var elementType: Any.Type { Value.self }
  static var arrangement: Arrangement { Key.self == String.self ? .named : .keyed }
}

extension KeyValuePairs: Holding {
  static var elementType: Any.Type { Value.self }
  static var arrangement: Arrangement { Key.self == String.self ? .named : .keyed }
}

extension Set: Holding {
  static var elementType: Any.Type { Element.self }
  static var arrangement: Arrangement { .unordered }
}

extension UnsafePointer: Holding {
  static var elementType: Any.Type { Pointee.self }
  static var arrangement: Arrangement { .unreadable }
}

extension UnsafeMutablePointer: Holding {
  static var elementType: Any.Type { Pointee.self }
  static var arrangement: Arrangement { .unreadable }
}

extension UnsafeBufferPointer: Holding {
  static var elementType: Any.Type { Element.self }
  static var arrangement: Arrangement { .unreadable }
}

extension UnsafeMutableBufferPointer: Holding {
  static var elementType: Any.Type { Element.self }
  static var arrangement: Arrangement { .unreadable }
}
