/// What a check found: the first problems in full, the others counted.
package struct ProblemList: Sendable {
  /// The problems that are kept, in the order of their places in the files.
  package private(set) var problems: [CheckpointError] = []
  /// How many there are in all.
  package private(set) var count = 0
  /// The first time that the system refused, also if there are too many problems to keep it among them:
  /// what could not be read says nothing of the bytes.
  package private(set) var refusal: CheckpointError?
  private var places: [Int] = []

  /// A damaged file can have a problem for each of its tensors; nobody reads more than this.
  package static let limit = 1000

  package init() {}

  /// Adds a problem; its place orders it among the others.
  package mutating func append(_ problem: CheckpointError, place: Int = -1) {
    count += 1
    if refusal == nil, problem.code == .io { refusal = problem }
    guard problems.count < Self.limit else { return }
    let position = places.firstIndex { $0 > place } ?? places.count
    problems.insert(problem, at: position)
    places.insert(place, at: position)
  }

  /// Puts other problems in the place of those that are kept: fewer, which say the same.
  package mutating func replaceProblems(with others: [CheckpointError]) {
    // Problems that were only counted are most likely more of the last kind: the others stand for them, too.
    count = problems.count == Self.limit ? others.count : count - problems.count + others.count
    problems = others
    places = others.map { _ in 0 }
  }

  /// What to throw if the system refused: then nobody knows whether what was checked is whole.
  ///
  /// - Parameter path: The checkpoint.
  /// - Returns: The refusal, with all problems if there are others; `nil` if there is none.
  package func refusalError(for path: String) -> CheckpointError? {
    guard let refusal else { return nil }
    guard count > 1 else { return refusal.located(file: path) }
    var error = CheckpointError(
      .io, "not everything could be read, so nobody knows whether it is whole; \(count) problems",
      file: path)
    error.systemError = refusal.systemError
    let isKept = problems.contains { $0.code == .io }
    error.problems = isKept ? problems : [refusal] + problems
    return error
  }
}
