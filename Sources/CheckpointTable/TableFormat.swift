// The sorted table: an immutable map from byte-string keys to byte-string values. It is the
// `.index` file of a V2 checkpoint, and the whole of a V1 checkpoint.
//
//     data block 0      | 5-byte trailer
//     data block 1      | 5-byte trailer
//     ...
//     metaindex block   | 5-byte trailer      written empty, never read
//     index block       | 5-byte trailer
//     footer, 48 bytes, the last of the file
//
// A block, after decompression, with n restarts (n is 1 for a block without entries):
//
//     entry*            keys strictly ascending, compared as unsigned bytes
//     fixed32 * n       offsets of the entries whose key is stored in full; the first is 0
//     fixed32           n
//
// An entry; its key is the first `shared` bytes of the previous key, then the tail:
//
//     varint32 shared | varint32 unshared | varint32 value length | key tail | value
//
// A trailer: one byte of compression type, and the masked CRC-32C of the stored block and that
// byte. A handle, which locates a block: varint64 offset, varint64 size without the trailer.
//
// The index block has an entry for each data block: its value is the handle, its key a separator
// that is at least the last key of the block and at most the first key of the next one.
//
// Source: leveldb, doc/table_format.md; tensorflow/core/lib/io/table*.cc, block*.cc, format.cc.

/// The numbers of the table format.
package enum TableFormat {
  /// The last eight bytes of every table, as a little-endian integer.
  package static let magic: UInt64 = 0xDB47_7524_8B80_FB57
  /// The size of the footer, magic included.
  package static let footerByteCount = 48
  /// The size of a block's trailer: compression type and checksum.
  package static let trailerByteCount = 5
  /// A data block is finished when it has grown to this many bytes.
  package static let blockByteCount = 262_144
  /// Entries of a data block per key stored in full.
  package static let dataRestartInterval = 16
  /// Entries of an index block per key stored in full.
  package static let indexRestartInterval = 1
  /// The trailer byte of a block stored as it is.
  package static let uncompressed: UInt8 = 0
  /// The trailer byte of a block compressed with Snappy.
  package static let snappy: UInt8 = 1
}
