import CheckpointStore
import CheckpointIO
import Checkpoints

/// `checkpoint diff`: what two checkpoints differ in.
struct Diff: Command {
  static let synopsis = Synopsis(
    name: "diff", summary: "Shows what two checkpoints differ in.", operands: ["PREFIX", "OTHER"],
    options: [
      Synopsis.Option(name: "--tolerance", value: "X", help: "Take numbers this near for equal."),
      Synopsis.Option(name: "--layers", help: "By layer, by how far each has moved."),
      Synopsis.Option(name: "--depth", value: "N", help: "Names of layers of N parts at most."),
      Synopsis.fullNames,
      Synopsis.Option(name: "--json", help: "One JSON object, for programs."),
    ],
    details: """
      A line for each tensor that is not the same in both, in byte order of the names,
      then one for the whole: '-' only in PREFIX, '+' only in OTHER, '!' of another
      type or shape, '~' of other values, with their number and the largest distance,
      '?' not readable in one of the two. The formats need not be the same. The exit
      status is 0 if nothing differs, else 1.

      With --layers a line for each layer that is not the same, the one that has moved
      farthest first: the relative change, which is the length of the difference of
      all its numbers by their length in PREFIX (0.01 is a hundredth of its size); the
      largest distance; how many tensors have other values; and which ones are not in
      both, or damaged. Layers that were 0, such as new biases, come after these. A
      layer is a name without its last part, or --depth 2 parts of it.

      With --json an object: "equal" (the number of tensors that are the same),
      "not_compared" (that of tensors of types that are not read here) and
      "differences", each with "name" ("name_base64" as in 'list'), "kind"
      ("only_in_first", "only_in_second", "spec", "values" or "damaged"), "first" and
      "second" (such as "float32[2, 3]"; null where there is none), and for "values"
      "differing", "elements" and "largest_distance" (null for strings, and for
      types that are compared by their bytes; "inf" where one of two is not finite,
      or where no float64 is as large).
      With --layers it has "not_compared", and "layers": all, in the same order, each
      with "name" ("name_base64" likewise), "relative_change" and "largest_distance"
      (a number, "inf" or null), "tensors", "changed", "only_in_first",
      "only_in_second", "reshaped" and "damaged".

      A tensor that is damaged gets a message, and the others are compared; the exit
      status is 1 then. Nor are tensors of types that are not read here compared: a
      message names them, the last line counts them, and the exit status is 1.
      """)

  private let paths: (String, String)
  private let usesFullNames: Bool
  private let tolerance: Double
  private let isJSON: Bool
  private let isByLayer: Bool
  private let depth: Int

  init(_ arguments: ArgumentScanner) throws(CheckpointError) {
    paths = (try arguments.path(0), try arguments.path(1))
    isJSON = arguments.has("--json")
    usesFullNames = arguments.has("--full-names")
    isByLayer = arguments.has("--layers")
    depth = try arguments.depth()
    guard isByLayer || depth == .max else { throw arguments.misuse("'--depth' needs '--layers'") }
    guard !isByLayer || !arguments.has("--tolerance") else {
      throw arguments.misuse("'--layers' goes without '--tolerance'")
    }
    let text = arguments.value(of: "--tolerance") ?? "0"
    guard let tolerance = Double(text), tolerance >= 0 else {
      throw arguments.misuse("'\(text)' is no tolerance: a number of 0 or more")
    }
    self.tolerance = tolerance
  }

  func run(_ output: StandardOutput) throws(CheckpointError) -> ExitStatus {
    let first = try OpenedCheckpoint(at: paths.0).reader(usesFullNames: usesFullNames)
    let second = try OpenedCheckpoint(at: paths.1).reader(usesFullNames: usesFullNames)
    // Nobody knows whether these differ.
    let unread = Set((first.unsupportedTensors + second.unsupportedTensors).map(\.key)).count
    let status =
      isByLayer
      ? try compareLayers(first, second, unread, output)
      : try compare(first, second, unread, output)
    return unread == 0 ? status : .failure
  }

  private func compareLayers(
    _ first: CheckpointReader, _ second: CheckpointReader, _ unread: Int, _ output: StandardOutput
  ) throws(CheckpointError) -> ExitStatus {
    let bar = ProgressBar()
    defer { bar.clear() }
    let comparison = try LayerComparison(first, second, depth: depth) { bar.show($0, of: $1) }
    bar.clear()
    Self.report(comparison.damaged)
    return try LayerChanges(comparison, unreadCount: unread).write(to: output, isJSON: isJSON)
  }

  private func compare(
    _ first: CheckpointReader, _ second: CheckpointReader, _ unread: Int, _ output: StandardOutput
  ) throws(CheckpointError) -> ExitStatus {
    let bar = ProgressBar()
    defer { bar.clear() }
    let comparison = try CheckpointReader.Comparison(
      first, second, tolerance: tolerance, skipsDamage: true
    ) {
      bar.show($0, of: $1)
    }
    bar.clear()
    Self.report(comparison.damaged)
    return try TensorChanges(comparison, unreadCount: unread).write(to: output, isJSON: isJSON)
  }

  private static func report(_ damaged: [DamagedTensor]) {
    var damage = DamageReport()
    for tensor in damaged { damage.add(tensor.key, tensor.error) }
    damage.summarize(", and \(damage.count == 1 ? "is" : "are") not compared")
  }
}
