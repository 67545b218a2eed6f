internal import CheckpointIO

/// Compares a block's restart offsets with its entries, visited in order.
///
/// The offsets ascend from 0, and each leads to an entry that shares nothing with the one before:
/// otherwise a search would miss keys that a listing shows.
struct RestartCheck {
  private let count: Int
  private var matched = 0
  private var next: Int?  // where restart number `matched` says that an entry begins

  init(count: Int) { self.count = count }

  mutating func visit(entryAt start: Int, in reader: borrowing BlockReader, place: BlockPlace)
    throws(CheckpointError)
  {
    guard matched < count else {
      guard start > 0 else { throw place.damaged("entries, but no restart", at: 0) }
      return
    }
    if next == nil { next = try reader.restartOffset(matched) }
    guard let offset = next else { return }
    guard offset >= start, start > 0 || offset == 0 else {
      throw misplaced(offset, place: place)
    }
    guard offset == start else { return }
    guard reader.shared == 0 else {
      throw place.damaged(
        "restart \(matched) is an entry that shares \(reader.shared) key bytes", at: start)
    }
    matched += 1
    next = nil
  }

  func finish(in reader: borrowing BlockReader, place: BlockPlace, entriesEnd: Int)
    throws(CheckpointError)
  {
    // A block without entries has one restart, at 0; none at all does no harm either.
    let expected = entriesEnd == 0 ? min(count, 1) : count
    guard matched < count else { return }
    let offset = try reader.restartOffset(matched)
    guard entriesEnd == 0, count == expected, offset == 0 else {
      throw misplaced(offset, place: place)
    }
  }

  private func misplaced(_ offset: Int, place: BlockPlace) -> CheckpointError {
    place.damaged("restart \(matched) is at \(offset), where no entry begins", at: offset)
  }
}
