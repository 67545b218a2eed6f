extension String {
  /// A name as HTML has it, which may break after its parts.
  var htmlName: String {
    html.map { $0 == "/" || $0 == "_" || $0 == "." ? "\($0)<wbr>" : String($0) }.joined()
  }

  /// The text as HTML has it, in elements and in quoted attributes.
  var html: String {
    guard utf8.contains(where: { Self.special($0) != nil }) else { return self }
    var text = ""
    for character in unicodeScalars {
      let special = UInt8(exactly: character.value).flatMap(Self.special)
      if let special { text += special } else { text.unicodeScalars.append(character) }
    }
    return text
  }

  private static func special(_ byte: UInt8) -> String? {
    switch byte {
    case UInt8(ascii: "&"): "&amp;"
    case UInt8(ascii: "<"): "&lt;"
    case UInt8(ascii: ">"): "&gt;"
    case UInt8(ascii: "\""): "&quot;"
    case UInt8(ascii: "'"): "&#39;"
    default: nil
    }
  }
}
