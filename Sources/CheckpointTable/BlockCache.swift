/// Blocks that were read and checked, kept for the next look-up, up to a number of bytes.
///
/// Two generations: new blocks go into the young one; when that holds half of the budget it becomes
/// the old one, and what was in the old one goes. A block that is used while old is young again.
struct BlockCache: Sendable {
  private let budget: Int
  private var young: [Int: Block] = [:]
  private var old: [Int: Block] = [:]
  private var youngByteCount = 0

  // What a block costs besides its bytes: array, dictionary entry, place.
  private static let overhead = 256

  /// Creates an empty cache; with a budget of 0 it stays empty.
  init(byteCount budget: Int) { self.budget = budget }

  /// The block with a number in the index, if it is here.
  mutating func block(_ number: Int) -> Block? {
    if let block = young[number] { return block }
    guard let block = old.removeValue(forKey: number) else { return nil }
    insert(block, as: number)
    return block
  }

  /// Forgets all blocks.
  mutating func removeAll() { self = BlockCache(byteCount: budget) }

  /// Keeps a block, unless it alone would take more than half of the budget.
  mutating func insert(_ block: Block, as number: Int) {
    let cost = block.byteCount + Self.overhead
    guard cost <= budget / 2, young[number] == nil else { return }
    if youngByteCount + cost > budget / 2 {
      old = young
      young = [:]
      youngByteCount = 0
    }
    young[number] = block
    youngByteCount += cost
  }
}
