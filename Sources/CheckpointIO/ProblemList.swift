/// What a check found: the first problems in full, the others counted.
package struct ProblemList: Sendable {
  /// The problems that are kept, in the order of their places in the files.
  package private(set) var problems: [CheckpointError] = []
  /// How many there are in all.
  package private(set) var count = 0
  private var places: [Int] = []

  /// A damaged file can have a problem for each of its tensors; nobody reads more than this.
  package static let limit = 1000

  package init() {}

  /// Adds a problem; its place orders it among the others.
  package mutating func append(_ problem: CheckpointError, place: Int = -1) {
    count += 1
    guard problems.count < Self.limit else { return }
    let position = places.firstIndex { $0 > place } ?? places.count
    problems.insert(problem, at: position)
    places.insert(place, at: position)
  }
}
