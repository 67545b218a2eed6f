import CheckpointMapping
import CheckpointIO
import CheckpointTensors
import Checkpoints

/// `checkpoint map`: what rules would make of a checkpoint.
struct Map: Command {
  static let synopsis = Synopsis(
    name: "map", summary: "Shows what rules would make of a checkpoint's names and shapes.",
    operands: ["PREFIX", "[RULES]"],
    options: MappingOptions.names + [
      Synopsis.Option(name: "--dry-run", help: "Has to be given: nothing is written."),
      Synopsis.fullNames,
      Synopsis.Option(name: "--json", help: "One JSON object, for programs."),
    ],
    details: """
      A line for each tensor, in byte order of the new names: what it is made of, and
      what it becomes; 'same' for what stays as it is. Then what is left out, the
      rules that fit no name, what is wrong, and the totals. Only the list of tensors
      is read. The documentation's article on mapping names describes the rules.

      \(MappingOptions.details)

      With --json an object of "tensors" ("name", with "name_base64" as in 'list',
      "dtype", "shape", and "sources" of the same), "dropped" (likewise), "idle_rules"
      (numbers from 1) and "problems".

      The exit status is 1 if the rules cannot be applied.
      """)

  private let path: String
  private let mapping: KeyMapping
  private let usesFullNames: Bool
  private let isJSON: Bool

  init(_ arguments: ArgumentScanner) throws(CheckpointError) {
    guard arguments.has("--dry-run") else {
      throw CheckpointError(
        .invalidArgument,
        "map: nothing is written; say so with --dry-run\n\(Self.synopsis.usageLine)")
    }
    path = try arguments.path(0)
    let rules = arguments.operands.count > 1 ? try arguments.path(1) : nil
    guard let mapping = try arguments.mapping(rules: rules) else {
      throw arguments.misuse("it needs RULES, '--prefer' or '--names'")
    }
    self.mapping = mapping
    usesFullNames = arguments.has("--full-names")
    isJSON = arguments.has("--json")
  }

  func run(_ output: StandardOutput) throws(CheckpointError) -> ExitStatus {
    let reader = try OpenedCheckpoint(at: path).reader(usesFullNames: usesFullNames)
    let preview = try mapping.preview(of: reader)
    if isJSON {
      try output.write(Self.json(preview).text + "\n")
    } else {
      try write(preview, mapping, output)
    }
    return preview.problems.isEmpty ? .success : .failure
  }

  // MARK: For people

  private func write(_ preview: KeyMapping.Preview, _ mapping: KeyMapping, _ output: StandardOutput)
    throws(CheckpointError)
  {
    for tensor in preview.tensors {
      let name = "\(TensorName.shown(tensor.name.bytes)) \(tensor.spec)"
      let sources = tensor.sources.map(Self.text).joined(separator: " + ")
      try output.write(tensor.isUnchanged ? "same     \(name)\n" : "\(sources) -> \(name)\n")
    }
    for source in preview.dropped { try output.write("dropped  \(Self.text(source))\n") }
    for number in preview.idleRules {
      try output.write("idle     rule \(number): \(mapping.rules[number - 1].description.shown)\n")
    }
    for problem in preview.problems {
      try output.write("problem  \(problem.description.shownAsLines)\n")
    }
    let changed = preview.tensors.count { !$0.isUnchanged }
    try output.write(
      "\(preview.tensors.count.of("tensor")), \(changed) changed, \(preview.dropped.count) dropped\n"
    )
  }

  private static func text(_ source: KeyMapping.Preview.Source) -> String {
    "\(TensorName.shown(source.name.bytes)) \(source.spec)"
  }

  // MARK: For programs

  private static func json(_ preview: KeyMapping.Preview) -> JSONValue {
    let tensors = preview.tensors.map { tensor in
      let sources = tensor.sources.map { JSONValue.object(members($0.name, $0.spec)) }
      return JSONValue.object(members(tensor.name, tensor.spec) + [("sources", .array(sources))])
    }
    let dropped = preview.dropped.map { JSONValue.object(members($0.name, $0.spec)) }
    return .object(
      [
        ("tensors", .array(tensors, .before)),
        ("dropped", .array(dropped, .before)),
        ("idle_rules", .numbers(preview.idleRules)),
        ("problems", .strings(preview.problems.map(\.description))),
      ], .between)
  }

  private static func members(_ name: TensorKey, _ spec: TensorSpec) -> [JSONValue.Member] {
    JSONValue.name(name) + [
      ("dtype", .string(spec.dtype.name)), ("shape", .numbers(spec.shape.dimensions)),
    ]
  }
}
