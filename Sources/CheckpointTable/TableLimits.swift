internal import CheckpointIO

/// How much memory and time a table may cost its reader, whatever its bytes say.
///
/// The defaults are far beyond what any checkpoint needs that was not made to do harm.
package struct TableLimits: Sendable {
  /// The largest block, stored or decompressed, in bytes.
  ///
  /// Tensors of a V1 checkpoint lie within blocks, so that this bounds their size as well.
  package var blockByteCount: Int
  /// The key bytes that a block may spell out for each byte of its entries.
  ///
  /// A short entry can repeat a long key, so that the keys of a small block could take any memory. Tables
  /// with a restart every 16 entries stay below 17.
  package var keyBytesPerByte: Int
  /// The same for each byte that the block takes in the file, where it may be compressed.
  package var keyBytesPerStoredByte: Int
  /// The same for the index block, whose keys are kept in memory.
  package var indexKeyBytesPerStoredByte: Int

  /// Creates limits.
  package init(
    blockByteCount: Int = 1 << 30, keyBytesPerByte: Int = 32, keyBytesPerStoredByte: Int = 512,
    indexKeyBytesPerStoredByte: Int = 32
  ) {
    self.blockByteCount = blockByteCount
    self.keyBytesPerByte = keyBytesPerByte
    self.keyBytesPerStoredByte = keyBytesPerStoredByte
    self.indexKeyBytesPerStoredByte = indexKeyBytesPerStoredByte
  }

  /// How many bytes the keys of a block may have together.
  func keyByteCount(of block: Block) -> UInt64 {
    min(
      Self.product(keyBytesPerByte, block.entriesEnd),
      Self.product(keyBytesPerStoredByte, block.storedByteCount))
  }

  /// How many bytes the keys of the index block may have together.
  func keyByteCount(ofIndex block: Block) -> UInt64 {
    Self.product(indexKeyBytesPerStoredByte, block.storedByteCount)
  }

  private static func product(_ ratio: Int, _ byteCount: Int) -> UInt64 {
    UInt64(ratio).multiplied(by: UInt64(byteCount)) ?? .max
  }
}
