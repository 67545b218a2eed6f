extension Span<UInt8> {
  /// Where the first bytes are that are not UTF-8; `nil` if all are.
  @inlinable
  package var firstInvalidText: Int? {
    guard #available(macOS 26, iOS 26, tvOS 26, watchOS 26, visionOS 26, *) else {
      return firstInvalidScalar
    }
    do throws(UTF8.ValidationError) {
      _ = try UTF8Span(validating: self)
      return nil
    } catch {
      return error.byteOffsets.lowerBound
    }
  }

  /// The same, scalar by scalar: for systems without `UTF8Span`.
  @usableFromInline
  package var firstInvalidScalar: Int? {
    unsafe withUnsafeBufferPointer { bytes in
      var parser = Unicode.UTF8.ForwardParser()
      var rest = unsafe bytes.makeIterator()
      var place = 0
      while true {
        switch unsafe parser.parseScalar(from: &rest) {
        case .valid(let scalar): place += scalar.count
        case .error: return place
        case .emptyInput: return nil
        }
      }
    }
  }
}

extension Span<UInt8> {
  /// The number whose digits begin at a place, and where they end: there, if there are none.
  ///
  /// - Returns: `nil` for a number of more than 64 bits.
  package func digits(from start: Int) -> (number: UInt64, end: Int)? {
    var (number, end) = (UInt64(0), start)
    while end < count, (0x30...0x39).contains(self[end]) {
      guard let product = number.multiplied(by: 10),
        let sum = product.adding(UInt64(self[end] - 0x30))
      else { return nil }
      (number, end) = (sum, end + 1)
    }
    return (number, end)
  }

  /// Where a text ends that begins at a place; `nil` if another one stands there.
  package func end(of text: String, from start: Int) -> Int? {
    text.utf8.withSpan { text in
      guard count - start >= text.count else { return nil }
      for index in text.indices where self[start + index] != text[index] { return nil }
      return start + text.count
    }
  }
}

extension String {
  /// The text that bytes are; `nil` if they are not UTF-8.
  @inlinable
  package init?(validating bytes: Span<UInt8>) {
    let text = unsafe bytes.withUnsafeBufferPointer {
      unsafe String(validating: $0, as: UTF8.self)
    }
    guard let text else { return nil }
    self = text
  }
}
