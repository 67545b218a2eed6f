// swift-format-ignore-file: AllPublicDeclarationsHaveDocumentation

public indirect enum NestedItem<Key: Hashable, Element> {
  case none
  case value(Element)
  case array([NestedItem])
  case dictionary([Key: NestedItem])
}

/// Values in the tree of a module, each under its names: `layers.0.weight`.
public struct NestedDictionary<Key: Hashable, Element> {
  var contents: [Key: NestedItem<Key, Element>]

  public init(values: [Key: NestedItem<Key, Element>] = [:]) { contents = values }
}

extension NestedDictionary where Key == String {
  public func flattened(prefix: String? = nil) -> [(String, Element)] {
    NestedItem.dictionary(contents).flattened(prefix: prefix)
  }

  public static func unflattened(_ flat: [(String, Element)]) -> NestedDictionary {
    var tree = NestedItem<String, Element>.dictionary([:])
    for (name, value) in flat { tree.set(value, at: name.split(separator: ".").map(String.init)) }
    guard case .dictionary(let contents) = tree else { return NestedDictionary() }
    return NestedDictionary(values: contents)
  }
}

extension NestedItem where Key == String {
  func flattened(prefix: String?) -> [(String, Element)] {
    func name(_ part: String) -> String { prefix.map { "\($0).\(part)" } ?? part }
    switch self {
    case .none: return []
    case .value(let value): return [(prefix ?? "", value)]
    case .array(let items):
      return items.enumerated().flatMap { $1.flattened(prefix: name(String($0))) }
    case .dictionary(let items):
      return items.sorted { $0.key < $1.key }.flatMap { $0.value.flattened(prefix: name($0.key)) }
    }
  }

  mutating func set(_ value: Element, at path: [String]) {
    guard let first = path.first else { return self = .value(value) }
    var items: [String: NestedItem] = [:]
    if case .dictionary(let known) = self { items = known }
    var item = items[first] ?? .dictionary([:])
    item.set(value, at: Array(path.dropFirst()))
    items[first] = item
    self = .dictionary(items)
  }
}
