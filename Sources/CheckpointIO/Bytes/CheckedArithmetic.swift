// Arithmetic on numbers from files: it throws where plain operators would trap.

extension UInt64 {
  /// The sum, or `nil` if it does not fit.
  @inlinable
  package func adding(_ other: UInt64) -> UInt64? {
    let (sum, overflow) = addingReportingOverflow(other)
    return overflow ? nil : sum
  }

  /// The product, or `nil` if it does not fit.
  @inlinable
  package func multiplied(by other: UInt64) -> UInt64? {
    let (product, overflow) = multipliedReportingOverflow(by: other)
    return overflow ? nil : product
  }
}

/// A part of a file: where it starts and how long it is.
@frozen
public struct ByteRange: Hashable, Sendable {
  /// The first byte.
  public var offset: UInt64
  /// The number of bytes.
  public var count: UInt64

  /// Creates a range; it may lie anywhere until ``checked(within:what:)`` says otherwise.
  @inlinable
  public init(offset: UInt64, count: UInt64) {
    self.offset = offset
    self.count = count
  }

  /// The first byte after the range, or `nil` if that is no 64-bit number.
  @inlinable
  public var end: UInt64? { offset.adding(count) }

  /// Checks that the range lies within a file, or within a part of one that starts at 0.
  ///
  /// - Throws: `truncated` if it does not, naming `what`.
  @inlinable
  public func checked(within byteCount: UInt64, what: @autoclosure () -> String)
    throws(CheckpointError)
  {
    guard let end, end <= byteCount else {
      throw Self.outside(offset: offset, count: count, byteCount: byteCount, what: what())
    }
  }

  @usableFromInline @inline(never)
  static func outside(offset: UInt64, count: UInt64, byteCount: UInt64, what: String)
    -> CheckpointError
  {
    let left = byteCount - min(offset, byteCount)
    return CheckpointError(
      .truncated,
      "\(what) takes \(count) bytes from byte \(offset) on, but only \(left) of \(byteCount) are left",
      offset: offset)
  }
}
