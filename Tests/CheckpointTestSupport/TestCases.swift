import Foundation

/// How many of a long list of cases a run of the tests takes.
///
/// `swift test` takes a sample of the longest lists, so that it is done in minutes. With `CHECKPOINTS_ALL_CASES`
/// every case is taken.
package enum TestCases {
  /// Whether every case is taken.
  package static let areAll =
    ProcessInfo.processInfo.environment["CHECKPOINTS_ALL_CASES"] != nil

  /// One of so many cases, the first and the last among them; or all.
  package static func some<Cases: Collection>(of cases: Cases, oneOf count: Int) -> [Cases.Element]
  {
    guard !areAll else { return Array(cases) }
    return cases.enumerated().filter { $0.offset % count == 0 || $0.offset == cases.count - 1 }
      .map(\.element)
  }
}
