/// A moment as file systems note it: to the nanosecond, which a number of seconds could not hold.
///
/// Two files that were written one after the other may have the same time all the same: clocks of file
/// systems advance in steps, of a few milliseconds in most cases, of up to two seconds in some.
package struct FileTime: Hashable, Comparable, Sendable {
  /// Whole seconds since 1970; negative before.
  package let seconds: Int64
  /// What comes on top: less than a second.
  package let nanoseconds: UInt32

  package init(seconds: Int64, nanoseconds: UInt32 = 0) {
    self.seconds = seconds
    self.nanoseconds = nanoseconds
  }

  /// The same as a number of seconds, rounded to less than a microsecond.
  package var secondsSince1970: Double { Double(seconds) + Double(nanoseconds) / 1e9 }

  package static func < (one: FileTime, other: FileTime) -> Bool {
    (one.seconds, one.nanoseconds) < (other.seconds, other.nanoseconds)
  }
}
