package import CheckpointIO
internal import Synchronization

/// A sorted table that keys can be looked up in, by any number of threads.
///
///     let table = try TableReader(fileSystem.openFile("run/ckpt-7.index"))
///     let name = "global_step"
///     let shape = try table.withValue(for: Array(name.utf8).span) { try parseEntry($0).shape }
///
/// Opening reads the footer and the index block. Every other block is read when it is needed, and
/// then checked as a whole, checksum first. All errors are `corrupt`, `truncated` or
/// `limitExceeded` with file and offset, or what the file throws: damage is never taken for the
/// absence of a key.
///
/// The metaindex block is not read, as in TensorFlow.
/// Source: tensorflow/core/lib/io/table.cc, `Table::Open`, `Table::InternalGet`.
package final class TableReader: Sendable {
  private let file: any ReadableFile
  private let metaindex: BlockHandle
  private let index: TableIndex
  private let limits: TableLimits
  private let cache: Mutex<BlockCache>

  /// Opens a table.
  ///
  /// - Parameters:
  ///   - file: Kept open for as long as the reader lives.
  ///   - cacheByteCount: How much memory blocks that were read may take. V1 checkpoints hold
  ///     tensors in their blocks, so that little is gained by keeping these.
  ///   - limits: The largest blocks and keys to accept.
  /// - Throws: `truncated` or `corrupt` if the file does not end like a table, or for an index that
  ///   no writer makes; what the file throws.
  package init(
    _ file: any ReadableFile, cacheByteCount: Int = 64 << 20, limits: TableLimits = TableLimits()
  ) throws(CheckpointError) {
    let footer = try Footer(of: file)
    self.file = file
    self.limits = limits
    metaindex = footer.metaindex
    index = try TableIndex(at: footer.index, of: file, limits: limits)
    cache = Mutex(BlockCache(byteCount: cacheByteCount))
  }

  /// The path of the file.
  package var path: String { file.path }

  /// How many data blocks there are.
  package var blockCount: Int { index.count }

  /// Forgets the blocks that were read: the next look-up reads the file again.
  package func forgetBlocks() { cache.withLock { $0.removeAll() } }

  /// Looks a key up.
  ///
  /// - Parameters:
  ///   - key: Compared byte by byte.
  ///   - body: Called once with the value, if there is one; the span is valid only during the call.
  /// - Returns: What `body` returns, or `nil` if the table does not have the key.
  /// - Throws: `corrupt` if the block that would have the key is damaged; what `body` throws.
  package func withValue<Result>(
    for key: Span<UInt8>, _ body: (_ value: Span<UInt8>) throws(CheckpointError) -> Result
  ) throws(CheckpointError) -> Result? {
    let separators = index.separators
    var number = index.firstBlock(for: key)
    while number < index.count {
      let block = try block(number)
      var entries = block.entries
      switch try entries.seek(key) {
      case .same: return try body(entries.value)
      case .after: return nil
      case .before: break
      }
      // A separator may be the first key of the next block.
      guard separators[number].matches(key) else { return nil }
      number += 1
    }
    return nil
  }

  /// Visits every entry in order of the keys.
  ///
  /// - Parameter body: Called with each key and its value; the spans are valid only during the call.
  /// - Throws: `corrupt` if any block is damaged, after the entries of the blocks before it have been
  ///   visited; what `body` throws.
  package func forEach(
    _ body: (_ key: Span<UInt8>, _ value: Span<UInt8>) throws(CheckpointError) -> Void
  ) throws(CheckpointError) {
    var lastKey: KeyList?
    for number in 0..<index.count { lastKey = try visit(number, after: lastKey, body) }
  }

  /// Visits every entry that can be read, in order of the keys, and goes on after damage.
  ///
  /// - Parameters:
  ///   - body: Called with each key and its value; the spans are valid only during the call.
  ///   - damage: Called for each block that is damaged; its entries are not visited.
  package func forEachReadable(
    _ body: (_ key: Span<UInt8>, _ value: Span<UInt8>) -> Void, damage: (CheckpointError) -> Void
  ) {
    var lastKey: KeyList?
    for number in 0..<index.count {
      do throws(CheckpointError) {
        lastKey = try visit(number, after: lastKey, body)
      } catch {
        damage(error)
      }
    }
  }

  // Visits the entries of one block, and returns the last key so far.
  private func visit(
    _ number: Int, after lastKey: KeyList?,
    _ body: (_ key: Span<UInt8>, _ value: Span<UInt8>) throws(CheckpointError) -> Void
  ) throws(CheckpointError) -> KeyList? {
    let block = try block(number)
    var entries = block.entries
    guard try entries.next() else { return lastKey }
    try checkFirst(entries.key, after: lastKey, block)
    repeat { try body(entries.key, entries.value) } while try entries.next()
    return KeyList(entries.key)
  }

  /// Checks what no reader needs: the metaindex block.
  ///
  /// - Throws: `corrupt` if it is damaged.
  package func checkMetaindex() throws(CheckpointError) {
    try metaindex.checked(within: file, what: "the metaindex block")
    let block = try Block(
      at: metaindex, of: file, order: .ascending, byteLimit: limits.blockByteCount)
    try block.check(keyByteCount: limits.keyByteCount(of: block))
  }

  /// Visits the values of many keys in one pass: each block is read at most once.
  ///
  /// - Parameters:
  ///   - keys: In ascending order; a key may be repeated.
  ///   - body: Called for each key in order, with its position in `keys`, and with its value, or
  ///     `nil` if the table does not have it; the span is valid only during the call.
  /// - Throws: `invalidArgument` if the keys are not in order; `corrupt` if a block that would have
  ///   one of them is damaged; what `body` throws.
  package func forEachValue(
    ofSorted keys: KeyList,
    _ body: (_ position: Int, _ value: Span<UInt8>?) throws(CheckpointError) -> Void
  ) throws(CheckpointError) {
    try Self.checkSorted(keys)
    var (position, number) = (0, 0)
    while position < keys.count {
      number = index.firstBlock(for: keys[position], from: number)
      guard number < index.count else { break }
      position = try visit(keys, from: position, inBlock: number, body)
      number += 1
    }
    for absent in position..<keys.count { try body(absent, nil) }
  }

  // Visits the keys that block `number` answers for, and returns the position of the next one.
  private func visit(
    _ keys: KeyList, from start: Int, inBlock number: Int,
    _ body: (_ position: Int, _ value: Span<UInt8>?) throws(CheckpointError) -> Void
  ) throws(CheckpointError) -> Int {
    let separators = index.separators
    let separator = separators[number]
    let block = try block(number)
    var entries = block.entries
    for position in start..<keys.count {
      let key = keys[position]
      switch try entries.advance(to: key) {
      case .same: try body(position, entries.value)
      case .after: try body(position, nil)
      case .before:
        // All entries have been passed. A separator may be the first key of the next block.
        guard key.precedes(separator) else { return position }
        try body(position, nil)
      }
    }
    return keys.count
  }

  private static func checkSorted(_ keys: KeyList) throws(CheckpointError) {
    for position in 0..<keys.count where position > 0 {
      guard keys[position].precedes(keys[position - 1]) else { continue }
      throw CheckpointError(
        .invalidArgument,
        "keys to look up must be sorted by their bytes, but \(keys[position - 1].keyText) stands "
          + "before \(keys[position].keyText)")
    }
  }

  // Separators keep the keys of two blocks apart but for one: both may have the separator itself.
  private func checkFirst(_ key: Span<UInt8>, after last: KeyList?, _ block: Block)
    throws(CheckpointError)
  {
    guard let last, !last[0].precedes(key) else { return }
    throw block.place.damaged("key \(key.keyText) is in the block before as well", at: 0)
  }

  private func block(_ number: Int) throws(CheckpointError) -> Block {
    if let block = cache.withLock({ $0.block(number) }) { return block }
    // Two threads may read the same block; both get the same bytes.
    let block = try Block(
      at: index.handles[number], of: file, order: .ascending, byteLimit: limits.blockByteCount)
    let separators = index.separators
    try block.check(
      after: number > 0 ? separators[number - 1] : nil,
      upTo: index.isBounded ? separators[number] : nil,
      keyByteCount: limits.keyByteCount(of: block))
    cache.withLock { $0.insert(block, as: number) }
    return block
  }
}
