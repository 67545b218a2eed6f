import CheckpointIO
import CheckpointTensors

/// A stretch of a data file that an entry of the index vouches for.
///
/// There may be millions of them, so a copy counts no reference. Whoever has made a list of them knows by the
/// numbers whose they are.
struct StoredPayload: Sendable {
  /// Where the payload is in its data file.
  let range: ByteRange
  /// How many elements it has.
  let elementCount: Int
  /// Its masked checksum.
  let maskedCRC: UInt32
  private let shardNumber: UInt32
  private let listNumber: UInt32
  /// The type of the elements.
  let dtype: DType

  /// What an entry vouches for.
  ///
  /// - Parameters:
  ///   - entry: The entry, of a tensor that is stored whole or of a part.
  ///   - number: Whose payload it is, in the list of somebody who asks for several.
  init(_ entry: BundleEntry, number: Int) {
    range = entry.range
    elementCount = entry.spec.shape.elementCount
    maskedCRC = entry.maskedCRC
    dtype = entry.spec.dtype
    // Neither number gets too large: a shard is an int32 in the index, and an index has fewer than four billion
    // entries. With more, an error would name the wrong tensor, no worse.
    shardNumber = UInt32(clamping: entry.shard)
    listNumber = UInt32(clamping: number)
  }

  /// The data file, counted from 0.
  var shard: Int { Int(shardNumber) }
  /// Whose payload it is.
  var number: Int { Int(listNumber) }
  /// Whether its length follows from neither dtype nor shape.
  var isVariable: Bool { dtype.byteWidth == nil }
}

/// Says of an error whose payload it is about, by its number.
typealias PayloadNaming =
  @Sendable (_ error: CheckpointError, _ number: Int) -> CheckpointError

extension BundleEntry {
  /// The payload, which is in no list.
  var payload: StoredPayload { StoredPayload(self, number: 0) }
}
