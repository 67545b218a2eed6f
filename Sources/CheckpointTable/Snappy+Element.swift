internal import CheckpointIO

extension Snappy {
  /// What an element puts out: `count` bytes that follow it, or that were put out before.
  struct Element {
    /// How many bytes: never 0.
    var count: Int
    /// How far back they are; 0 if they follow in the input.
    var distance: Int

    /// Reads an element without the bytes of a literal.
    init(from reader: inout ByteReader) throws(CheckpointError) {
      let start = reader.offset
      let tag = Int(try reader.readByte())
      switch tag & 3 {
      case 0:
        count = try Self.literalCount(tag >> 2, &reader)
        distance = 0
        return
      case 1:
        count = ((tag >> 2) & 7) + 4
        distance = ((tag >> 5) << 8) | Int(try reader.readByte())
      case 2:
        count = (tag >> 2) + 1
        distance = try Self.number(of: 2, &reader)
      default:
        count = (tag >> 2) + 1
        distance = try Self.number(of: 4, &reader)
      }
      guard distance > 0 else {
        throw CheckpointError(
          .corrupt, "Snappy stream copies from 0 bytes back", offset: UInt64(start))
      }
    }

    private static func literalCount(_ code: Int, _ reader: inout ByteReader)
      throws(CheckpointError) -> Int
    {
      guard code >= 60 else { return code + 1 }
      return min(try number(of: code - 59, &reader), Int.max - 1) + 1
    }

    // Up to four bytes, little-endian.
    private static func number(of byteCount: Int, _ reader: inout ByteReader)
      throws(CheckpointError) -> Int
    {
      var value: UInt32 = 0
      for place in 0..<byteCount { value |= UInt32(try reader.readByte()) << (8 * place) }
      return Int(clamping: value)
    }
  }
}
