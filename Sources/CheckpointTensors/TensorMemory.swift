package import CheckpointIO

/// Memory for many tensors, asked for as little often as makes sense: large ones have their own, small
/// ones that follow each other share a block.
///
/// A block is given back once none of its tensors has its memory there any more.
package struct TensorMemory {
  private var memory: [TensorStorage] = []
  private var waiting: [Int] = []  // the sizes of those that will share a block
  private var blockByteCount = 0

  /// Begins with no tensor.
  ///
  /// - Parameter capacity: How many there will be.
  package init(capacity: Int) { memory.reserveCapacity(capacity) }

  /// Adds a tensor of so many bytes.
  ///
  /// - Throws: `io` if the system has not so much memory.
  package mutating func add(_ byteCount: Int) throws(CheckpointError) {
    guard byteCount <= Self.smallByteCount else {
      makeBlock()
      memory.append(try TensorStorage(allocating: byteCount))
      return
    }
    let place = Self.aligned(byteCount)
    if blockByteCount + place > Self.blockByteCount { makeBlock() }
    waiting.append(byteCount)
    blockByteCount += place
  }

  /// The memory of each tensor, whose bytes are not yet set.
  package consuming func finish() -> [TensorStorage] {
    makeBlock()
    return memory
  }

  private mutating func makeBlock() {
    if waiting.count == 1 {
      memory.append(TensorStorage(uninitializedByteCount: waiting[0]))
    } else if !waiting.isEmpty {
      let block = TensorStorage(uninitializedByteCount: blockByteCount)
      var start = 0
      for byteCount in waiting {
        memory.append(TensorStorage(part: start..<start + byteCount, of: block))
        start += Self.aligned(byteCount)
      }
    }
    waiting.removeAll(keepingCapacity: true)
    blockByteCount = 0
  }

  // As all memory of tensors is.
  private static func aligned(_ byteCount: Int) -> Int { (byteCount + 63) & ~63 }

  private static let smallByteCount = 4 << 10
  private static let blockByteCount = 64 << 10
}
