extension String {
  /// The text without an ending, which is compared byte by byte.
  ///
  /// - Parameter suffix: The ending.
  /// - Returns: What stands before it; `nil` if it ends otherwise, or if nothing stands before it.
  package func removing(suffix: String) -> String? {
    let (bytes, ending) = (utf8, suffix.utf8)
    guard bytes.count > ending.count, bytes.suffix(ending.count).elementsEqual(ending) else {
      return nil
    }
    return String(decoding: bytes.dropLast(ending.count), as: UTF8.self)
  }

  /// Whether it begins with a text, byte by byte.
  package func begins(with prefix: String) -> Bool {
    utf8.withSpan { text in
      prefix.utf8.withSpan { prefix in
        text.count >= prefix.count && text.extracting(..<prefix.count).matches(prefix)
      }
    }
  }
}
