import CheckpointMapping
import CheckpointIO
import CheckpointTensors
import Checkpoints

/// `checkpoint suggest`: rules that would lead from one checkpoint's names to another's.
struct Suggest: Command {
  static let synopsis = Synopsis(
    name: "suggest",
    summary:
      "Names the rule set for a checkpoint, or proposes rules to another's names.",
    operands: ["PREFIX"],
    options: [
      Synopsis.Option(
        name: "--like", value: "OTHER", help: "The checkpoint with the wanted names."),
      Synopsis.fullNames,
      Synopsis.Option(name: "--rules", help: "Only the rules, as JSON for 'checkpoint map'."),
      Synopsis.Option(name: "--json", help: "One JSON object, for programs."),
    ],
    details: """
      Without --like it says which rule sets of the library are made for the names of
      PREFIX: 'checkpoint convert PREFIX DEST --map NAME' applies one.

      With --like names are compared word by word and number by number; dtypes and
      shapes have to fit, where a kernel may be transposed. First the rules; then a
      line for each pair with its confidence: 1.00 for the same name, from 0.80 on the
      words agree, below 0.60 the shape says more than the name. 'open' are names with
      several candidates, 'none' those without any. A name that is not UTF-8 has none,
      since rules are texts. Nothing is applied: look at it, then use the rules.

      With --json an object of "rule_sets"; with --like also "pairs" ("stored",
      "wanted", "confidence", "transform"), "ambiguous" ("wanted", "candidates"),
      "unmatched_wanted", "unmatched_stored" and "rules". If unmatched names are not
      UTF-8, these have what is shown for them, and "unmatched_wanted_base64" and
      "unmatched_stored_base64" their bytes, with null for the other names.

      The exit status is 1 if a wanted name has no counterpart, or, without --like, if
      there is no rule set.
      """)

  private let path: String
  private let other: String?
  private let usesFullNames: Bool
  private let isJSON: Bool
  private let isRules: Bool

  init(_ arguments: ArgumentScanner) throws(CheckpointError) {
    path = try arguments.path(0)
    usesFullNames = arguments.has("--full-names")
    isJSON = arguments.has("--json")
    isRules = arguments.has("--rules")
    other = arguments.value(of: "--like")
    guard other != nil || !isRules else {
      throw arguments.misuse("'--rules' needs '--like OTHER'")
    }
  }

  func run(_ output: StandardOutput) throws(CheckpointError) -> ExitStatus {
    let reader = try OpenedCheckpoint(at: path).reader(usesFullNames: usesFullNames)
    let sets = try KeyMapping.RuleSet.recognizing(reader)
    guard let other else { return try write(sets, output) }
    let proposal = try KeyMapping.Proposal(
      from: reader, like: OpenedCheckpoint(at: other).reader(usesFullNames: usesFullNames))
    if isRules {
      try output.write(proposal.mapping.json())
    } else if isJSON {
      try output.write(Self.json(sets, proposal).text + "\n")
    } else {
      try output.write(sets.map(line).joined())
      try output.write(proposal.description.shownAsLines + "\n")
    }
    return proposal.pairs.count == proposal.wantedCount ? .success : .failure
  }

  // MARK: Rule sets

  private func write(_ sets: [KeyMapping.RuleSet], _ output: StandardOutput)
    throws(CheckpointError) -> ExitStatus
  {
    if isJSON {
      try output.write(JSONValue.object([Self.member(sets)], .between).text + "\n")
    } else if sets.isEmpty {
      try output.write(
        "no rule set is made for these names; --like OTHER proposes rules that lead to another "
          + "checkpoint's\n")
    } else {
      try output.write(sets.map(line).joined())
    }
    return sets.isEmpty ? .failure : .success
  }

  private func line(_ set: KeyMapping.RuleSet) -> String {
    "rule set \(set.name): \(set.summary); checkpoint convert \(path.shown) DEST --map \(set.name)\n"
  }

  private static func member(_ sets: [KeyMapping.RuleSet]) -> JSONValue.Member {
    ("rule_sets", .strings(sets.map(\.name)))
  }

  // MARK: Proposals

  private static func json(_ sets: [KeyMapping.RuleSet], _ proposal: KeyMapping.Proposal)
    throws(CheckpointError) -> JSONValue
  {
    .object(
      [
        member(sets),
        ("pairs", .array(proposal.pairs.map(json), .before)),
        ("ambiguous", .array(proposal.ambiguous.map(json), .before)),
      ] + members("unmatched_wanted", proposal.missing)
        + members("unmatched_stored", proposal.unused) + [
          ("rules", .raw(try proposal.mapping.json()))
        ], .between)
  }

  // The names and, if one is not UTF-8, the bytes of those that are not.
  private static func members(_ name: String, _ keys: [TensorKey]) -> [JSONValue.Member] {
    let shown: JSONValue.Member = (name, names(keys))
    guard keys.contains(where: { $0.string == nil }) else { return [shown] }
    let bytes = keys.map { $0.string == nil ? JSONValue.base64($0.bytes) : .null }
    return [shown, (name + "_base64", .array(bytes))]
  }

  private static func json(_ pair: KeyMapping.Proposal.Pair) -> JSONValue {
    [
      "stored": .string(pair.stored.description), "wanted": .string(pair.wanted.description),
      "confidence": .raw("\(pair.shownConfidence)"),
      "transform": .stringIfAny(pair.transform?.description),
    ]
  }

  private static func json(_ open: KeyMapping.Proposal.Ambiguity) -> JSONValue {
    ["wanted": .string(open.wanted.description), "candidates": names(open.candidates)]
  }

  private static func names(_ keys: [TensorKey]) -> JSONValue { .strings(keys.map(\.description)) }
}
