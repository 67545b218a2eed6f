// Spans of arrays and of texts. The standard library has them, but on Apple's systems only from version
// 26 on. Those of `Array` here stand before its own wherever this module is imported.

extension Array {
  /// The elements, in place.
  @inlinable
  package var span: Span<Element> {
    @_lifetime(borrow self)
    get {
      // The storage belongs to the array, which is borrowed. An array of class instances that came from
      // Objective-C may have other storage for each call: none such is asked for its span.
      let elements = unsafe withUnsafeBufferPointer { unsafe $0 }
      return unsafe _overrideLifetime(Span(_unsafeElements: elements), borrowing: self)
    }
  }

  /// The elements, in place, for writing.
  @inlinable
  package var mutableSpan: MutableSpan<Element> {
    @_lifetime(&self)
    mutating get {
      // The storage is this array's alone from here on, and nobody else can come to it meanwhile.
      let elements = unsafe withUnsafeMutableBufferPointer { unsafe $0 }
      return unsafe _overrideLifetime(MutableSpan(_unsafeElements: elements), mutating: &self)
    }
  }
}

extension String.UTF8View {
  /// Calls `body` with the bytes.
  @inlinable
  package func withSpan<Result>(_ body: (Span<UInt8>) -> Result) -> Result {
    // A text that lies elsewhere, as some of Objective-C do, is copied.
    unsafe withContiguousStorageIfAvailable { unsafe body($0.span) } ?? body(Array(self).span)
  }

  /// Whether the bytes are the same.
  package func matches(_ other: Span<UInt8>) -> Bool { withSpan { $0.matches(other) } }
}
