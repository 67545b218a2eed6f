import Checkpoints

/// A module with four variables, and modules below it, found by reflection.
final class Module: Checkpointable {
  let a: Variable<Float>
  let b: Variable<Float>
  let c: Variable<Float>
  let d: Variable<Float>
  private(set) var layers: [Module] = []

  /// How many elements the variables have.
  static let elementCount = 4 * 16

  private init(_ value: Float) {
    (a, b) = (Self.variable(value), Self.variable(value + 0.25))
    (c, d) = (Self.variable(value + 0.5), Self.variable(value + 0.75))
  }

  private static func variable(_ value: Float) -> Variable<Float> {
    Variable(repeating: value, shape: [16])
  }

  /// A tree of modules, ten below each, level by level.
  static func tree(of count: Int, value: (Int) -> Float) -> Module {
    let root = Module(value(0))
    var parents = [root][...]
    var made = 1
    while made < count, let parent = parents.popFirst() {
      for _ in 0..<min(10, count - made) {
        let module = Module(value(made))
        parent.layers.append(module)
        parents.append(module)
        made += 1
      }
    }
    return root
  }

  /// Whether all modules have their values, in the order in which they were made.
  func hasValues(_ value: (Int) -> Float) -> Bool {
    var modules = [self][...]
    var number = 0
    while let module = modules.popFirst() {
      guard module.a.value[15] == value(number), module.d.value[0] == value(number) + 0.75 else {
        return false
      }
      modules += module.layers
      number += 1
    }
    return true
  }
}
