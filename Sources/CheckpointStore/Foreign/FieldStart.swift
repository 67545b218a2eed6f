/// The field that a protobuf message begins with, as far as its first bytes have it.
enum FieldStart {
  case number(UInt64, UInt64, ArraySlice<UInt8>)
  case bytes(UInt64, ArraySlice<UInt8>, ArraySlice<UInt8>)

  init?(_ bytes: ArraySlice<UInt8>) {
    var rest = bytes
    guard let tag = Self.varint(&rest), tag >> 3 > 0, let value = Self.varint(&rest) else {
      return nil
    }
    switch tag & 7 {
    case 0: self = .number(tag >> 3, value, rest)
    case 2:
      let count = Int(min(value, UInt64(rest.count)))  // a file's beginning may end within it
      self = .bytes(tag >> 3, rest.prefix(count), rest.dropFirst(count))
    default: return nil
    }
  }

  private static func varint(_ rest: inout ArraySlice<UInt8>) -> UInt64? {
    var value: UInt64 = 0
    for shift in stride(from: UInt64(0), to: 63, by: 7) {
      guard let byte = rest.popFirst() else { return nil }
      value |= UInt64(byte & 0x7F) << shift
      if byte & 0x80 == 0 { return value }
    }
    return nil
  }
}
