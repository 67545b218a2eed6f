import CheckpointGraph

/// Which restore a variable has its value from, as far as an older restore still waits for objects:
/// what it has for that variable is out of date.
///
/// A restore has a larger number than all before. Keeps no object alive.
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
    // The identity of an object that is gone may have gone to another one.
    return entry.holder === place.holder
  }

  /// Forgets everything: no restore waits any more.
  mutating func removeAll() {
    guard !entries.isEmpty else { return }
    self = RestoreRecord()
  }

  // As the number of those that are left doubles, it takes a constant time for each that is added.
  private mutating func forgetTheGone() {
    entries = entries.filter { $0.value.holder != nil }
    limit = max(Self.smallestLimit, 2 * entries.count)
  }

  private static let smallestLimit = 1024
}

extension LiveGraph {
  // What tells the variable of an assignment from others. A slot variable made just now, or one that no
  // walk has met yet, is known by itself.
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
