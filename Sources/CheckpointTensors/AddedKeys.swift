/// The keys that a writer has, so that none comes twice.
///
/// Most checkpoints are written in the order of their keys. Then it is enough to compare each with the
/// last one; nothing is hashed.
package struct AddedKeys {
  private var ascending: [TensorKey] = []
  private var others: Set<TensorKey>?

  package init() {}

  /// Whether a key was added.
  package func contains(_ key: TensorKey) -> Bool {
    if let others { return others.contains(key) }
    guard let last = ascending.last, !(last < key) else { return false }
    return last == key || isAmongAscending(key)
  }

  private func isAmongAscending(_ key: TensorKey) -> Bool {
    var (low, high) = (0, ascending.count)
    while low < high {
      let middle = (low + high) / 2
      if ascending[middle] < key { low = middle + 1 } else { high = middle }
    }
    return low < ascending.count && ascending[low] == key
  }

  /// Adds a key that is not there.
  package mutating func insert(_ key: TensorKey) {
    if others != nil {
      others?.insert(key)
    } else if let last = ascending.last, !(last < key) {
      others = Set(ascending)
      others?.insert(key)
      ascending = []
    } else {
      ascending.append(key)
    }
  }
}
