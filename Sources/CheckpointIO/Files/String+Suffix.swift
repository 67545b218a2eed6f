extension String {
  /// The text without an ending, which is compared byte by byte.
  ///
  /// - Parameter suffix: The ending.
  /// - Returns: What stands before it; `nil` if it ends otherwise, or if nothing stands before it.
  package func removing(suffix: String) -> String? {
    let end = utf8.count - suffix.utf8.count
    guard end > 0 else { return nil }
    let isEnding = utf8.withSpan { text in
      suffix.utf8.withSpan { text.extracting(end...).matches($0) }
    }
    return isEnding ? String(decoding: utf8.prefix(end), as: UTF8.self) : nil
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
