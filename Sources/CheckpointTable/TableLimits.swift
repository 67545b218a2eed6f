/// How much memory and time a table may cost its reader, whatever its bytes say.
///
/// The defaults are far beyond what any checkpoint needs that was not made to do harm.
package struct TableLimits: Sendable {
  /// The largest block, stored or decompressed, in bytes.
  ///
  /// Tensors of a V1 checkpoint lie within blocks, so that this bounds their size as well.
  package var blockByteCount: Int
  /// The key bytes that a block may spell out for each of its stored bytes.
  ///
  /// A short entry can repeat a long key, so that listing a small block could take forever. Tables
  /// with a restart every 16 entries stay below 17.
  package var keyBytesPerStoredByte: Int
  /// The same for the index block, whose keys are kept in memory.
  package var indexKeyBytesPerStoredByte: Int

  /// Creates limits.
  package init(
    blockByteCount: Int = 1 << 30, keyBytesPerStoredByte: Int = 512,
    indexKeyBytesPerStoredByte: Int = 32
  ) {
    self.blockByteCount = blockByteCount
    self.keyBytesPerStoredByte = keyBytesPerStoredByte
    self.indexKeyBytesPerStoredByte = indexKeyBytesPerStoredByte
  }
}
