extension String {
  /// How many columns of a terminal it takes: two for a character of East Asia, or a picture.
  var width: Int {
    // ASCII need not be taken apart into characters.
    utf8.allSatisfy { $0 < 0x80 } ? utf8.count : reduce(0) { $0 + ($1.isWide ? 2 : 1) }
  }
}

extension Character {
  // Source: Unicode Standard Annex 11, East Asian Width, the large blocks of W and F.
  fileprivate var isWide: Bool {
    guard let first = unicodeScalars.first else { return false }
    return switch first.value {
    case 0x1100...0x115F, 0x2E80...0x303E, 0x3041...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF,
      0xFE30...0xFE6F, 0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x1F300...0x1F64F, 0x1F680...0x1F6FF,
      0x1F900...0x1F9FF, 0x20000...0x3FFFD:
      true
    default: false
    }
  }
}
