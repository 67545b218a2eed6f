import CheckpointGraph
public import CheckpointIO
import CheckpointPlans
public import CheckpointTensors

extension Checkpoint {
  /// A checkpoint compared with the objects of the program: see
  /// ``Checkpoint/compare(with:at:mapping:)``.
  public struct Comparison: Sendable, CustomStringConvertible {
    /// The checkpoint.
    public let path: String
    /// The keys that fit a variable: what would be restored.
    public internal(set) var restored: [TensorKey] = []
    /// What does not fit its variable: dtype or shape, or a value that the files lack.
    public internal(set) var mismatched: [CheckpointError] = []
    /// The places of variables that the checkpoint has no value for.
    public internal(set) var missing: [String] = []
    /// The places of saved values that the program has no variable for.
    public internal(set) var unused: [String] = []
    /// The places of saved objects that two objects of the program would share, or the reverse.
    public internal(set) var conflicting: [String] = []

    /// If no object matches, how many variables a restore by names would find, with the mapping `[]`.
    public internal(set) var countByName: Int?

    init(path: String) { self.path = path }

    /// Whether restoring would leave nothing out on either side.
    public var isComplete: Bool {
      mismatched.isEmpty && missing.isEmpty && unused.isEmpty && conflicting.isEmpty
    }

    /// One line for each kind.
    public var description: String {
      let kinds = [
        ("do not fit", mismatched.map(\.description)), ("have no value in the checkpoint", missing),
        ("have no variable in the program", unused), ("are in conflict", conflicting),
      ]
      let lines = kinds.filter { !$0.1.isEmpty }.map { what, places in
        "  \(places.count) \(what): \(NameList.text(places))"
      }
      return (["\(path): \(restored.count) match\(hint)"] + lines).joined(separator: "\n")
    }

    private var hint: String {
      guard let countByName else { return "" }
      return countByName == 0
        ? " as objects, and none by names"
        : " as objects; \(countByName) do by names: restore with mapping: []"
    }
  }
}

extension RestoreSession {
  /// What restoring would do.
  func comparison(with live: LiveGraph) throws(CheckpointError) -> Checkpoint.Comparison {
    let match = try GraphMatch(saved, live, from: [(root, 0)])
    var comparison = Checkpoint.Comparison(path: path)
    for request in match.assignments.map(\.request) {
      let problem = try RestorePlan.problem(of: request, in: reader, options: RestoreOptions())
      if let problem {
        comparison.mismatched.append(problem)
      } else {
        comparison.restored.append(request.key)
      }
    }
    comparison.missing = unassigned(match, in: live).map { live.path(of: $0) }
    let agreed = agreedNodes(match.conflicts)
    let taken = agreed.union(match.assignments.map(\.savedNode))
    comparison.unused = unrestoredNodes(in: state).filter { !taken.contains($0) }.map(place(of:))
    comparison.conflicting = match.conflicts.map(\.savedNode).filter { !agreed.contains($0) }
      .map(place(of:))
    return comparison
  }
}
