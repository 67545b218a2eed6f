import CheckpointGraph
package import CheckpointIO
import CheckpointTensors

/// Keeps how the values of objects were shared out for the last save: that holds for the next one as well, as long
/// as nothing has changed but the values.
package struct LastShares {
  private var known: KnownShares?

  /// Nothing was shared out yet.
  package init() {}

  /// What one process writes.
  ///
  /// - Parameters:
  ///   - content: What all have.
  ///   - rank: Which process.
  ///   - count: How many there are.
  /// - Returns: Its share, and what all have to agree upon.
  /// - Throws: What a variable's own type throws.
  package mutating func share(of content: GraphContent, to rank: Int, of count: Int)
    throws(CheckpointError) -> SavePlan.Share
  {
    if let known, known.hold(for: content, rank, count) { return try known.share(of: content) }
    known = nil
    let share = try content.plan().share(to: rank, of: count)
    known = KnownShares(share, of: content, rank, count)
    return share
  }
}

/// How they were shared out, and what that depends on.
private struct KnownShares {
  private let form: SavedForm
  private let rank: Int
  private let count: Int
  private let agreement: SavePlan.Agreement
  private let specs: [TensorSpec]
  private let holders: [SavePlan.Holder]
  /// Which items the process writes.
  private let places: [Int]
  /// Which others are states of its own, which process 0 writes.
  private let states: [Int]

  /// `nil` for variables in parts, which are not known by one number each.
  init?(_ share: SavePlan.Share, of content: GraphContent, _ rank: Int, _ count: Int) {
    guard !content.isInParts else { return nil }
    form = content.form
    (self.rank, self.count) = (rank, count)
    agreement = share.agreement
    (specs, holders) = (content.specs, content.holders)
    places = share.places
    states = holders.indices.filter { [holders] in rank > 0 && holders[$0] == .each }
  }

  func hold(for content: GraphContent, _ rank: Int, _ count: Int) -> Bool {
    form === content.form && self.rank == rank && self.count == count
      && content.isSame(specs, holders)
  }

  func share(of content: GraphContent) throws(CheckpointError) -> SavePlan.Share {
    var plan = try SavePlan(
      items: (places + states).map { place throws(CheckpointError) in try content.item(place) })
    let taken = try plan.states()
    plan.items.removeLast(states.count)
    return SavePlan.Share(plan: plan, agreement: agreement, states: taken, places: places)
  }
}
