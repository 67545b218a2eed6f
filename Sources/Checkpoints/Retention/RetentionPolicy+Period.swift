extension RetentionPolicy {
  /// A length of time, of any number of seconds that a file may ask for.
  package struct Period: Sendable, Hashable, CustomStringConvertible {
    /// The seconds it has.
    package let seconds: Double

    init(seconds: Double) { self.seconds = seconds }

    /// The length of a duration.
    init(_ duration: Duration) {
      let (seconds, attoseconds) = duration.components
      self.init(seconds: Double(seconds) + Double(attoseconds) * 1e-18)
    }

    /// So many seconds.
    package static func seconds(_ count: Double) -> Period { Period(seconds: count) }
    /// So many minutes.
    package static func minutes(_ count: Double) -> Period { Period(seconds: count * 60) }
    /// So many hours.
    package static func hours(_ count: Double) -> Period { Period(seconds: count * 3600) }
    /// So many days.
    package static func days(_ count: Double) -> Period { Period(seconds: count * 86_400) }

    /// The length in the largest unit that it has one of, with one digit after the point.
    package var description: String {
      let units: [(name: String, seconds: Double)] = [("d", 86_400), ("h", 3600), ("min", 60)]
      let unit = units.first { abs(seconds) >= $0.seconds } ?? ("s", 1)
      let tenths = (seconds / unit.seconds * 10).rounded()
      guard abs(tenths) < 1e15 else { return "\(seconds) s" }
      return tenths.remainder(dividingBy: 10) == 0
        ? "\(Int64(tenths / 10)) \(unit.name)" : "\(tenths / 10) \(unit.name)"
    }
  }
}
