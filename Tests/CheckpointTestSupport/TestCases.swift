import Foundation

/// How many of a long list of cases a run of the tests takes.
///
/// `swift test` takes a sample of the longest lists, so that it is done in minutes. With `CHECKPOINTS_ALL_CASES`, or
/// `CHECKPOINTS_LONG_TESTS`, every case is taken.
package enum TestCases {
  /// Whether every case is taken.
  package static let areAll = ["CHECKPOINTS_ALL_CASES", "CHECKPOINTS_LONG_TESTS"].contains {
    ProcessInfo.processInfo.environment[$0] != nil
  }

  /// How often something random is tried: `all` times, or less in a sample.
  package static func count(_ all: Int, sample: Int) -> Int { areAll ? all : sample }

  /// The cases at a distance of `step` from each other, the first and the last among them; or all.
  package static func every<Cases: Collection>(_ step: Int, of cases: Cases) -> [Cases.Element] {
    guard !areAll else { return Array(cases) }
    return cases.enumerated().filter { $0.offset % step == 0 || $0.offset == cases.count - 1 }
      .map(\.element)
  }
}
