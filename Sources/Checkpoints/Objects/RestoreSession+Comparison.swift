import CheckpointTensors
import CheckpointPlans
import CheckpointGraph
import CheckpointIO

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
    let taken = Set(match.assignments.map(\.savedNode))
    comparison.unused = unrestoredNodes(in: state).filter { !taken.contains($0) }.map(place(of:))
    comparison.conflicting = match.conflicts.map { place(of: $0.savedNode) }
    return comparison
  }
}
