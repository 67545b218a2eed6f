import CheckpointTensors

/// What names tensors on the command line: a name, a layer, or a pattern with `*` and `?`.
struct TensorPattern {
  private let bytes: [UInt8]

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  /// Whether it may stand for several names of any form.
  var hasWildcards: Bool { bytes.contains(Self.any) || bytes.contains(Self.one) }

  /// Whether a whole name fits: `*` stands for any bytes, also for slashes and for none, `?` for one
  /// character.
  func fits(_ name: [UInt8]) -> Bool {
    var (position, place) = (0, 0)
    var retry: (position: Int, place: Int)?  // after the last `*`, and what it has to leave
    while place < name.count {
      if position < bytes.count, bytes[position] == Self.any {
        retry = (position + 1, place)
        position += 1
      } else if position < bytes.count, bytes[position] == Self.one {
        position += 1
        place = Self.end(ofCharacterAt: place, in: name)
      } else if position < bytes.count, bytes[position] == name[place] {
        (position, place) = (position + 1, place + 1)
      } else if let last = retry {
        // It stands for one byte more.
        retry = (last.position, last.place + 1)
        (position, place) = (last.position, last.place + 1)
      } else {
        return false
      }
    }
    return bytes[position...].allSatisfy { $0 == Self.any }
  }

  /// Whether a name is one of the layer of this name: `bert/encoder`, of names with slashes or with dots.
  func isLayer(of name: [UInt8]) -> Bool {
    guard name.count > bytes.count, name.starts(with: bytes) else { return false }
    return bytes.last.map(Self.isSeparator) == true || Self.isSeparator(name[bytes.count])
  }

  // Bytes that go on with a character of UTF-8 belong to it.
  private static func end(ofCharacterAt place: Int, in name: [UInt8]) -> Int {
    var end = place + 1
    while end < name.count, name[end] & 0xC0 == 0x80 { end += 1 }
    return end
  }

  private static func isSeparator(_ byte: UInt8) -> Bool { byte == slash || byte == dot }

  private static let (any, one) = (UInt8(ascii: "*"), UInt8(ascii: "?"))
  private static let (slash, dot) = (UInt8(ascii: "/"), UInt8(ascii: "."))
}
