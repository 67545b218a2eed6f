import Checkpoints

/// One kind of checkpoint, and what is measured with it.
struct Workload: Sendable {
  let name: String
  let title: String
  let run: @Sendable (Folder) throws -> Void

  static let all = [manySmall, tree]

  /// The cost of a tensor, by name.
  static let manySmall = Workload(name: "W1", title: "20,000 variables of 64 float32, by name") {
    folder in
    let variables = (0..<20_000).map { number in
      let digits = String(number)
      let name = "v" + String(repeating: "0", count: 5 - digits.count) + digits
      return Variable<Float>(repeating: Float(number), shape: [64], name: name)
    }
    var options = Saver.Options()
    options.files.durability = .none
    let saver = try Saver(variables, options: options)
    let path = folder.path("w1")
    try measure("save", count: variables.count, "variable") { try saver.save(to: path) }
    try measure("restore", count: variables.count, "variable") { try saver.restore(from: path) }
    try measure("list", count: variables.count, "variable") {
      _ = try BundleReader(prefix: path).entries()
    }
  }

  /// The cost of an object: walking, matching, and the graph's message.
  static let tree = Workload(name: "W4", title: "5,000 modules of 4 variables, nested") { folder in
    var rest = 5_000
    let model = Module(depth: 5, width: 8, rest: &rest)
    var options = SaveOptions()
    options.durability = .none
    let checkpoint = try Checkpoint(["model": model], options: options)
    let path = folder.path("w4")
    try measure("save", count: 25_000, "node or variable") { try checkpoint.write(to: path) }
    try measure("restore", count: 25_000, "node or variable") {
      try checkpoint.read(from: path).assertConsumed()
    }
    try measure("read the graph", count: 25_000, "node or variable") {
      _ = try ObjectGraph(at: path)
    }
  }
}

/// A module with four variables, and modules below it.
private final class Module: Checkpointable {
  let kernel = Variable<Float>(repeating: 1, shape: [8, 8])
  let bias = Variable<Float>(repeating: 2, shape: [8])
  let scale = Variable<Float>(3)
  let offset = Variable<Float>(4)
  private(set) var layers: [Module] = []

  init(depth: Int, width: Int, rest: inout Int) {
    rest -= 1
    guard depth > 0 else { return }
    for _ in 0..<width where rest > 0 {
      layers.append(Module(depth: depth - 1, width: width, rest: &rest))
    }
  }
}
