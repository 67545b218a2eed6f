import CheckpointMapping
import CheckpointIO
import Checkpoints

/// `checkpoint rules`: the rule sets that come with the library.
struct Rules: Command {
  static let synopsis = Synopsis(
    name: "rules", summary: "Lists the rule sets for old weights, or writes one.",
    operands: ["[NAME]"],
    details: """
      Without NAME a line for each rule set: its name, and from whose names it leads
      to whose. With NAME the rules of this set, as JSON with comments that say what
      is left out and what is tied: put them into a file to change them.

      'convert', 'map' and 'suggest' know rule sets by their names.
      """)

  private let name: String?

  init(_ arguments: ArgumentScanner) throws(CheckpointError) {
    name = arguments.operands.isEmpty ? nil : try arguments.path(0)
  }

  func run(_ output: StandardOutput) throws(CheckpointError) -> ExitStatus {
    let sets = KeyMapping.RuleSet.all
    guard let name else {
      let width = sets.map(\.name.count).max() ?? 0
      for set in sets {
        try output.write("\(set.name.paddedRight(to: width))  \(set.summary)\n")
      }
      return .success
    }
    guard let set = sets.first(where: { $0.name == name }) else {
      _ = try KeyMapping(named: name)  // says which there are
      return .failure
    }
    try output.write(set.json)
    return .success
  }
}
