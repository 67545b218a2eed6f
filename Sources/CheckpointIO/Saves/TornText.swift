/// Text in a file that a dead process, or a power cut, has left as it was: whole, cut short, empty, or with
/// zeros for its end.
package enum TornText {
  /// Whether a file may hold a text with a certain beginning.
  package static func mayBegin(_ bytes: [UInt8], with beginning: String) -> Bool {
    let text = bytes.prefix { $0 != 0 }
    return text.prefix(beginning.utf8.count).elementsEqual(beginning.utf8.prefix(text.count))
      && bytes.dropFirst(text.count).allSatisfy { $0 == 0 }
  }
}
