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

private struct KnownShares {
  private let form: SavedForm
  private let rank: Int
  private let count: Int
  private let agreement: SavePlan.Agreement
  private let specs: [TensorSpec]
  private let holders: [SavePlan.Holder]
  /// Which items the process has to look at: those that it writes, and its states.
  private let places: [Int]

  /// `nil` for variables in parts, which are not known by one number each.
  init?(_ share: SavePlan.Share, of content: GraphContent, _ rank: Int, _ count: Int) {
    guard !content.isInParts else { return nil }
    form = content.form
    (self.rank, self.count) = (rank, count)
    agreement = share.agreement
    (specs, holders) = (content.specs, content.holders)
    let states = holders.indices.filter { [holders] in rank > 0 && holders[$0] == .each }
    places = (share.places + states).sorted()
  }

  func hold(for content: GraphContent, _ rank: Int, _ count: Int) -> Bool {
    form === content.form && self.rank == rank && self.count == count
      && content.isEqual(to: specs, holders)
  }

  func share(of content: GraphContent) throws(CheckpointError) -> SavePlan.Share {
    var plan = try SavePlan(
      items: places.map { place throws(CheckpointError) in try content.item(place) })
    let states = try plan.states()
    if rank > 0 { plan.items.removeAll { $0.holder == .each } }
    return SavePlan.Share(plan: plan, agreement: agreement, states: states, places: places)
  }
}
