import Synchronization

/// How often the processes have met at a place, as far as this one knows.
struct CallCount {
  private static let numbers = Mutex<[String: Int]>([:])
  private let key: String

  /// Counts another call.
  init(_ path: String, _ rank: Int) {
    let key = "\(rank) \(path)"
    self.key = key
    Self.numbers.withLock { $0[key, default: 0] += 1 }
  }

  var number: Int { Self.numbers.withLock { [key] in $0[key] ?? 0 } }

  /// Takes the number that the others have.
  func adopt(_ number: Int) { Self.numbers.withLock { [key] in $0[key] = number } }
}
