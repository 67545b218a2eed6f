import CheckpointMapping
import CheckpointIO
import CheckpointTensors
import Checkpoints

/// `checkpoint suggest`: rules that would lead from one checkpoint's names to another's.
struct Suggest: Command {
  static let synopsis = Synopsis(
    name: "suggest",
    summary: "Proposes rules that lead from a checkpoint's names to another one's.",
    operands: ["PREFIX"],
    options: [
      Synopsis.Option(
        name: "--like", value: "OTHER", help: "The checkpoint with the wanted names."),
      Synopsis.Option(name: "--full-names", help: "Objects by full names."),
      Synopsis.Option(name: "--rules", help: "Only the rules, as JSON for 'checkpoint map'."),
      Synopsis.Option(name: "--json", help: "One JSON object, for programs."),
    ],
    details: """
      Names are compared word by word and number by number; dtypes and shapes have to
      fit, where a kernel may be transposed. First the rules; then a line for each
      pair with its confidence: 1.00 for the same name, from 0.80 on the words agree,
      below 0.60 the shape says more than the name. 'open' are names with several
      candidates, 'none' those without any. Nothing is applied: look at it, then use
      the rules.

      With --json an object of "pairs" ("stored", "wanted", "confidence",
      "transform"), "ambiguous" ("wanted", "candidates"), "unmatched_wanted",
      "unmatched_stored" and "rules".

      The exit status is 1 if a wanted name has no counterpart.
      """)

  private let path: String
  private let other: String
  private let usesFullNames: Bool
  private let isJSON: Bool
  private let isRules: Bool

  init(_ arguments: ArgumentScanner) throws(CheckpointError) {
    path = try arguments.path(0)
    usesFullNames = arguments.has("--full-names")
    isJSON = arguments.has("--json")
    isRules = arguments.has("--rules")
    guard let other = arguments.value(of: "--like") else {
      throw CheckpointError(
        .invalidArgument, "suggest: --like OTHER is missing\n\(Self.synopsis.usageLine)")
    }
    self.other = other
  }

  func run(_ output: StandardOutput) throws(CheckpointError) -> ExitStatus {
    let proposal = try KeyMapping.Proposal(
      from: NamedTensors(at: path, usesFullNames: usesFullNames).reader,
      like: NamedTensors(at: other, usesFullNames: usesFullNames).reader)
    if isRules {
      try output.write(proposal.mapping.json())
    } else if isJSON {
      try output.write(Self.json(proposal).text + "\n")
    } else {
      try output.write(proposal.description.shownAsLines + "\n")
    }
    return proposal.pairs.count == proposal.wantedCount ? .success : .failure
  }

  private static func json(_ proposal: KeyMapping.Proposal) throws(CheckpointError) -> JSONValue {
    .object(
      [
        ("pairs", .array(proposal.pairs.map(json), .before)),
        ("ambiguous", .array(proposal.ambiguous.map(json), .before)),
        ("unmatched_wanted", names(proposal.missing)),
        ("unmatched_stored", names(proposal.unused)),
        ("rules", .raw(try proposal.mapping.json())),
      ], .between)
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
