extension Workload {
  /// The workloads, in order.
  static func all(_ size: Size) -> [Workload] {
    [
      manySmall(size), transformer(size), transformerInModelDirectory(size), oneLarge(size),
      modules(size), listing(size), listingOfModelDirectory(size), single(size), background(size),
      merging(size), mergingSlices(size),
    ]
  }

  /// The workload of a name.
  static func named(_ name: String, _ size: Size) -> Workload? {
    all(size).first { $0.name == name }
  }

  // MARK: The cost of a tensor

  private static func manySmall(_ size: Size) -> Workload {
    let tensors = smallTensors(size)
    return Workload(
      "W1", "\(tensors.count) float32 variables of 64 elements: the cost of a tensor",
      [.save, .saveDurable, .restore, .restoreInPlace], rounds: size.rounds(21), tensors: tensors)
  }

  private static func smallTensors(_ size: Size) -> [(name: String, shape: [Int])] {
    let width = max(5, String(size.tensorCount - 1).count)
    return (0..<size.tensorCount).map { number in
      let digits = String(number)
      return ("v" + String(repeating: "0", count: width - digits.count) + digits, [64])
    }
  }

  // MARK: The cost of a byte

  private static func transformer(_ size: Size) -> Workload {
    Workload(
      "W2",
      "a transformer of 220 tensors, \(size == .quick ? "94 MiB" : "1 GiB"): the cost of a byte",
      [
        .save, .saveDurable, .restore, .restoreInPlace, .restoreMapped, .restoreMappedChecked,
        .restoreCold,
      ], rounds: size.rounds(9), tensors: transformerTensors(size))
  }

  private static func transformerInModelDirectory(_ size: Size) -> Workload {
    Workload(
      "W2-hf",
      "the transformer in a model directory of 4 files; the limit has the same bytes as V2",
      [.save, .saveDurable, .restore, .restoreInPlace], fixture: "W2", rounds: size.rounds(9),
      tensors: transformerTensors(size), modelFileCount: 4)
  }

  private static func transformerTensors(_ size: Size) -> [(name: String, shape: [Int])] {
    let width = size == .quick ? 256 : 1024
    var tensors: [(name: String, shape: [Int])] = [
      ("wte", [38_400, width]), ("wpe", [2048, width]), ("ln_f/g", [width]), ("ln_f/b", [width]),
    ]
    for layer in 0..<18 {
      let prefix = layer < 10 ? "h0\(layer)/" : "h\(layer)/"
      let parts: [(String, [Int])] = [
        ("ln_1/g", [width]), ("ln_1/b", [width]),
        ("attn/qkv/w", [width, 3 * width]), ("attn/qkv/b", [3 * width]),
        ("attn/proj/w", [width, width]), ("attn/proj/b", [width]),
        ("ln_2/g", [width]), ("ln_2/b", [width]),
        ("mlp/fc/w", [width, 4 * width]), ("mlp/fc/b", [4 * width]),
        ("mlp/proj/w", [4 * width, width]), ("mlp/proj/b", [width]),
      ]
      tensors += parts.map { (prefix + $0.0, $0.1) }
    }
    return tensors
  }

  private static func oneLarge(_ size: Size) -> Workload {
    Workload(
      "W3", "one float32 tensor of \(size == .quick ? "128 MiB" : "2 GiB")",
      [.save, .restore, .restoreInPlace], rounds: size == .quick ? 3 : 5,
      tensors: [("big", [(size == .quick ? 128 : 2048) << 18])])
  }

  // MARK: The cost of an object

  private static func modules(_ size: Size) -> Workload {
    let count = size.moduleCount
    return Workload(
      "W4", "\(count) modules of 4 variables in a tree: the cost of an object", [.save, .restore],
      rounds: size.rounds(15), moduleCount: count)
  }

  // MARK: The cost of looking

  private static func listing(_ size: Size) -> Workload {
    let tensors = smallTensors(size)
    return Workload(
      "W5", "opening a checkpoint of \(tensors.count) tensors, and listing them", [.list],
      fixture: "W1", rounds: size == .quick ? 9 : size.rounds(31), tensors: tensors)
  }

  private static func listingOfModelDirectory(_ size: Size) -> Workload {
    let tensors = smallTensors(size)
    return Workload(
      "W5-hf",
      "opening a model directory of \(tensors.count) tensors in 4 files, and listing them; the limit has V2",
      [.list], fixture: "W1", rounds: size == .quick ? 9 : size.rounds(31), tensors: tensors,
      modelFileCount: 4)
  }

  private static func single(_ size: Size) -> Workload {
    Workload(
      "W6",
      "opening the transformer's checkpoint, and reading one tensor of \(size == .quick ? 1 : 16) MiB, or of "
        + "\(size == .quick ? 1 : 4) KiB", [.one, .oneSmall], fixture: "W2",
      rounds: size == .quick ? 9 : size.rounds(31), tensors: transformerTensors(size),
      single: [.one: "h09/mlp/fc/w", .oneSmall: "h09/ln_1/g"])
  }

  // MARK: The cost of a part

  private static func merging(_ size: Size) -> Workload {
    merging("W9", "tensors", size, Workload.Parts(count: size.partCount, areSlices: false))
  }

  private static func mergingSlices(_ size: Size) -> Workload {
    merging("W9-slices", "slices", size, Workload.Parts(count: size.partCount, areSlices: true))
  }

  private static func merging(
    _ name: String, _ what: String, _ size: Size, _ parts: Workload.Parts
  ) -> Workload {
    let count = size.partCount
    return Workload(
      name,
      "merging \(count) parts of \(count) \(what) of 2 elements; the limit writes no real index",
      [.merge, .mergeDurable], rounds: size.rounds(5),
      tensors: smallTensors(size).prefix(count).map { ($0.name, [2]) }, parts: parts)
  }

  // MARK: The cost to a training

  private static func background(_ size: Size) -> Workload {
    Workload(
      "W7",
      "a save of the transformer in the background, and every variable changed behind it: how long the "
        + "call takes", [.holdUp], fixture: "W2", rounds: size.rounds(9),
      tensors: transformerTensors(size))
  }
}
