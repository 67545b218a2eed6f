/// How large the workloads are.
enum Size: String {
  /// All of them in less than a minute.
  case quick
  /// The sizes that figures are given for.
  case full
  /// Fifty times as many tensors, and twenty times as many objects: whether the cost grows with their
  /// number, or faster. Those of bytes are as large as in `full`.
  case large

  /// How many tensors the workloads of many have.
  var tensorCount: Int {
    switch self {
    case .quick: 2_000
    case .full: 20_000
    case .large: 1_000_000
    }
  }

  /// How many modules there are.
  var moduleCount: Int {
    switch self {
    case .quick: 500
    case .full: 5_000
    case .large: 100_000
    }
  }

  /// How many parts are merged, and how many tensors each has.
  var partCount: Int { self == .quick ? 100 : 1_000 }

  /// How many runs a contender gets where it gets so many in `full`.
  func rounds(_ full: Int) -> Int {
    switch self {
    case .quick: min(full, 5)
    case .full: full
    case .large: 5
    }
  }
}
