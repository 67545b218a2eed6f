// Where a text that somebody gives becomes a path: here, and nowhere else.
//
//   run/ckpt-7, /run/ckpt-7            a path, and so is every text that begins as no URL does
//   file:///run/my%20ckpt-7            the path of a file URL, its percent-encoding undone; with an empty
//   file://localhost/run/my%20ckpt-7   host or this machine's
//   gs://bucket/run/ckpt-7             a URL of another scheme: refused, before a directory `gs:` is made
//
// A URL begins with a scheme of two letters at least and `://`, as in RFC 3986 and 8089. A colon alone makes
// none: `run:1/ckpt`, `file:run` and `C://run` are paths. A path that looks like a URL all the same can be
// given as `./gs://…`.

/// What a text says that somebody gives for a path.
package enum PathText {
  /// The path that a text stands for.
  ///
  /// - Throws: `unsupported` for a URL that leads to another machine; `invalidArgument` for a file URL
  ///   without a path, or with an encoding that is none.
  package static func path(_ text: String) throws(CheckpointError) -> String {
    guard let scheme = scheme(of: text) else { return text }
    guard scheme == "file" else { throw refusal(of: text, scheme) }
    return try path(ofFileURL: text)
  }

  /// The path that a text stands for; the text itself if it stands for none, which is refused when it is
  /// used: see ``check(_:)``.
  package static func pathIfAny(_ text: String) -> String { (try? path(text)) ?? text }

  /// Whether a text is a URL that stands for no path.
  package static func leadsElsewhere(_ text: String) -> Bool {
    scheme(of: text) != nil && (try? path(text)) == nil
  }

  /// Refuses the text of a URL where a path belongs.
  ///
  /// - Throws: As ``path(_:)``; `invalidArgument` for every other URL.
  package static func check(_ path: String) throws(CheckpointError) {
    guard scheme(of: path) != nil else { return }
    let meant = try self.path(path)
    throw CheckpointError(
      .invalidArgument, "this is the text of a URL; give its path, '\(meant)'", file: path)
  }

  // In small letters; `nil` for what is no URL.
  private static func scheme(of text: String) -> String? {
    let scheme = text.utf8.prefix(while: mayBeInScheme)
    guard scheme.count > 1, scheme.first.map(isLetter) == true else { return nil }
    guard text.utf8.dropFirst(scheme.count).starts(with: "://".utf8) else { return nil }
    return String(decoding: scheme, as: UTF8.self).lowercased()
  }

  private static func mayBeInScheme(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): true
    case UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."): true
    default: isLetter(byte)
    }
  }

  private static func isLetter(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)  // small or capital
  }

  private static func refusal(of text: String, _ scheme: String) -> CheckpointError {
    CheckpointError(
      .unsupported,
      "this is a URL of the scheme '\(scheme)', and checkpoints are read and written in this machine's "
        + "file systems only; copy the files here, or mount that place, and give their path",
      file: text)
  }

  // MARK: File URLs

  private static func path(ofFileURL text: String) throws(CheckpointError) -> String {
    let rest = text.utf8.dropFirst("file://".utf8.count)
    let host = String(decoding: rest.prefix { $0 != UInt8(ascii: "/") }, as: UTF8.self)
    guard ["", "localhost"].contains(host.lowercased()) else {
      throw CheckpointError(
        .unsupported,
        "this URL leads to a machine called '\(host)'; for a path that begins so, write "
          + "'file:///\(host)/…', or the path alone", file: text)
    }
    let encoded = rest.dropFirst(host.utf8.count)
    guard let bytes = decoded(encoded), let path = String(validating: bytes, as: UTF8.self),
      !path.isEmpty
    else {
      throw CheckpointError(
        .invalidArgument,
        "this file URL has no path, or one whose percent-encoding is no text; give the path alone",
        file: text)
    }
    return path
  }

  // `nil` where something else than two digits follows a percent sign.
  private static func decoded(_ encoded: Substring.UTF8View) -> [UInt8]? {
    var bytes: [UInt8] = []
    var rest = encoded
    while let byte = rest.popFirst() {
      guard byte == UInt8(ascii: "%") else {
        bytes.append(byte)
        continue
      }
      guard let high = rest.popFirst().flatMap(digit), let low = rest.popFirst().flatMap(digit)
      else { return nil }
      bytes.append(high << 4 | low)
    }
    return bytes
  }

  private static func digit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
    default: nil
    }
  }
}
