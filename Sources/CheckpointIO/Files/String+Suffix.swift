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
}
