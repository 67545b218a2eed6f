import CheckpointIO
import CheckpointStore
import CheckpointTensors
import Checkpoints

/// Keys as a person sees them and types them: keys are any bytes, a terminal shows characters.
///
/// Text is shown as it is, but for characters that a terminal would obey; what is not UTF-8 is shown
/// byte by byte. `\xff` stands for a byte.
enum TensorName {
  /// What is shown for a key.
  static func shown(_ bytes: [UInt8]) -> String {
    if bytes.allSatisfy({ (0x20..<0x7F).contains($0) }) {
      return String(decoding: bytes, as: UTF8.self)
    }
    let key = TensorKey(bytes: bytes)
    guard let text = key.string else { return key.description }
    return text.shown
  }

  /// The tensor that an argument names: by its key, or by what is shown for that; by the path of an object or
  /// by the full name of a variable, as `checkpoint graph` shows them.
  ///
  /// - Throws: `notFound` if there is none, naming the nearest; `ambiguousName` if there are several.
  static func find(_ name: [UInt8], in reader: CheckpointReader) throws(CheckpointError)
    -> TensorEntry
  {
    if let entry = try stored(name, in: reader) { return entry }
    let key = TensorKey(bytes: name)
    guard let text = key.string else { return try reader.requiredEntry(for: key) }
    return try reader.requiredEntry(for: reader.key(named: text))
  }

  /// The tensor of a key, or of what is shown for a key; `nil` if there is none.
  static func stored(_ name: [UInt8], in reader: CheckpointReader) throws(CheckpointError)
    -> TensorEntry?
  {
    if let entry = try reader.entry(for: TensorKey(bytes: name)) { return entry }
    guard name.contains(UInt8(ascii: "\\")) else { return nil }
    var found: TensorEntry?
    try reader.forEachEntry { entry in
      if shown(entry.key.bytes).utf8.elementsEqual(name) { found = entry }
    }
    return found
  }
}

extension String {
  /// The text with an escape for each character that a terminal would obey.
  var shown: String {
    guard unicodeScalars.contains(where: \.isObeyed) else { return self }
    return unicodeScalars.map { $0.isObeyed ? $0.escaped : String($0) }.joined()
  }

  /// The same for a message of several lines.
  var shownAsLines: String {
    split(separator: "\n", omittingEmptySubsequences: false).map { String($0).shown }
      .joined(separator: "\n")
  }
}

extension Unicode.Scalar {
  // Controls, line separators, marks that turn the direction of writing, and what cannot be seen.
  fileprivate var isObeyed: Bool {
    switch value {
    case 0x00..<0x20, 0x7F..<0xA0, 0x200B, 0x200E, 0x200F, 0x2028...0x202E, 0x2060...0x2069,
      0xFEFF:
      true
    default: false
    }
  }

  fileprivate var escaped: String {
    UTF8.encode(self).map { $0.map { "\\x" + $0.hexadecimal }.joined() } ?? ""
  }
}
