import CheckpointGraph

/// Which restore a variable has its value from, kept while an older restore still waits for objects: what the
/// older one has for that variable is out of date.
///
/// A later restore has a larger number. The record keeps no object alive.
struct RestoreRecord {
  private struct Entry {
    let restore: Int
    weak var holder: AnyObject?
  }

  private var entries: [NodeIdentity: Entry] = [:]
  private var limit = Self.smallestLimit

  /// Notes that a restore has given variables their values, or has values for them that do not fit.
  mutating func note(
    _ assignments: some Sequence<GraphMatch.Assignment>, in live: LiveGraph, restore: Int
  ) {
    for assignment in assignments {
      let place = live.place(of: assignment)
      if let known = entries[place.identity], known.holder != nil, known.restore > restore {
        continue
      }
      entries[place.identity] = Entry(restore: restore, holder: place.holder)
    }
    if entries.count > limit { forgetTheGone() }
  }

  /// Whether a variable belongs to a restore that is newer than this one.
  func isTaken(_ assignment: GraphMatch.Assignment, in live: LiveGraph, from restore: Int) -> Bool {
    guard !entries.isEmpty else { return false }
    let place = live.place(of: assignment)
    guard let entry = entries[place.identity], entry.restore > restore else { return false }
    // Another object may have got the identity of one that is gone.
    return entry.holder === place.holder
  }

  /// Forgets everything: no restore waits any more.
  mutating func removeAll() {
    guard !entries.isEmpty else { return }
    self = RestoreRecord()
  }

  // The limit is twice the number that is left, so that this takes constant time for each entry that is added.
  private mutating func forgetTheGone() {
    entries = entries.filter { $0.value.holder != nil }
    limit = max(Self.smallestLimit, 2 * entries.count)
  }

  private static let smallestLimit = 1024
}

extension LiveGraph {
  // The identity of an assignment's variable. A slot variable that was made just now, or that no walk has met yet,
  // is identified by itself.
  fileprivate func place(of assignment: GraphMatch.Assignment) -> (
    identity: NodeIdentity, holder: AnyObject
  ) {
    guard let node = assignment.liveNode else {
      let variable = assignment.variable
      return (NodeIdentity(ObjectIdentifier(variable)), variable)
    }
    return (identity(of: node), holder(of: node))
  }
}
