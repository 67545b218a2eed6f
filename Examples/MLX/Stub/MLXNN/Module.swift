// swift-format-ignore-file: AllPublicDeclarationsHaveDocumentation

public import MLX

public typealias ModuleParameters = NestedDictionary<String, MLXArray>

@propertyWrapper open class ParameterInfo<Value> {
  let key: String?
  private var value: Value?

  public var wrappedValue: Value {
    get {
      guard let value else { preconditionFailure("the parameter has no value yet") }
      return value
    }
    set { value = newValue }
  }

  public init(key: String? = nil) { self.key = key }
  public init(wrappedValue: Value, key: String? = nil) { (value, self.key) = (wrappedValue, key) }
}

@propertyWrapper open class ModuleInfo<Value> {
  let key: String?
  private var value: Value?

  public var wrappedValue: Value {
    get {
      guard let value else { preconditionFailure("the module has no value yet") }
      return value
    }
    set { value = newValue }
  }

  public init(key: String? = nil) { self.key = key }
  public init(wrappedValue: Value, key: String? = nil) { (value, self.key) = (wrappedValue, key) }
}

private protocol Wrapper {
  var name: String? { get }
  var content: Any { get }
}
extension ParameterInfo: Wrapper {
  fileprivate var name: String? { key }
  fileprivate var content: Any { wrappedValue }
}
extension ModuleInfo: Wrapper {
  fileprivate var name: String? { key }
  fileprivate var content: Any { wrappedValue }
}

/// A part of a model: its parameters are its properties.
open class Module: Updatable {
  public private(set) var noGrad: Set<String> = []
  private var own: [(name: String, value: Any)] = []

  // Looks at the properties once, as MLX does: they have their values before `super.init()`.
  public init() { own = properties }

  open func freeze(recursive: Bool = true, keys: [String]? = nil, strict: Bool = false) throws {
    for module in recursive ? allModules : [self] {
      module.noGrad.formUnion(keys ?? module.own.map(\.name))
    }
  }

  private var allModules: [Module] {
    [self] + own.flatMap { modules($0.value) }.flatMap(\.allModules)
  }

  open func parameters() -> ModuleParameters { ModuleParameters(values: items { _, _ in true }) }

  open func trainableParameters() -> ModuleParameters {
    ModuleParameters(values: items { !$0.noGrad.contains($1) })
  }

  @discardableResult
  public func update(parameters: ModuleParameters) -> Self {
    let known = Dictionary(uniqueKeysWithValues: self.parameters().flattened())
    for (name, value) in parameters.flattened() { known[name]?._updateInternal(value) }
    return self
  }

  public func innerState() -> [MLXArray] { parameters().flattened().map(\.1) }

  private var properties: [(name: String, value: Any)] {
    var found: [(String, Any)] = []
    var mirror: Mirror? = Mirror(reflecting: self)
    while let current = mirror {
      for child in current.children {
        guard let label = child.label, !["noGrad", "own"].contains(label) else { continue }
        if let wrapper = child.value as? any Wrapper {
          found.append((wrapper.name ?? String(label.dropFirst()), wrapper.content))
        } else {
          found.append((label, child.value))
        }
      }
      mirror = current.superclassMirror
    }
    return found
  }

  private func modules(_ value: Any) -> [Module] {
    (value as? Module).map { [$0] } ?? (value as? [Module]) ?? []
  }

  private func items(_ isWanted: (Module, String) -> Bool) -> [String: NestedItem<String, MLXArray>]
  {
    var items: [String: NestedItem<String, MLXArray>] = [:]
    for (name, value) in own {
      switch value {
      case let array as MLXArray where isWanted(self, name): items[name] = .value(array)
      case let module as Module: items[name] = .dictionary(module.items(isWanted))
      case let modules as [Module]:
        items[name] = .array(modules.map { .dictionary($0.items(isWanted)) })
      default: break
      }
    }
    return items
  }
}

open class Linear: Module {
  public let weight: MLXArray

  public init(weight: MLXArray) { self.weight = weight }

  open func callAsFunction(_ x: MLXArray) -> MLXArray { matmul(x, weight.T) }
}
