/// A name, compared as the system compares names: byte by byte.
///
/// Strings are compared by meaning, so that an é is the same whether it is stored as one character
/// or as two.
package struct FileName: Hashable, Comparable, Sendable {
  /// The name.
  package let text: String

  package init(_ text: String) { self.text = text }

  package static func == (left: FileName, right: FileName) -> Bool {
    var (one, other) = (left.text, right.text)
    return one.withUTF8 { one in
      other.withUTF8 { other in
        unsafe one.count == other.count && one.elementsEqual(other)
      }
    }
  }

  package static func < (left: FileName, right: FileName) -> Bool {
    left.text.utf8.lexicographicallyPrecedes(right.text.utf8)
  }

  package func hash(into hasher: inout Hasher) {
    var text = text
    text.withUTF8 { unsafe hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
  }
}
