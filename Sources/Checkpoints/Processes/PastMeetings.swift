import Synchronization

/// The meetings that processes here have been in, the last ones: what is still to be seen of them is over.
enum PastMeetings {
  private static let numbers = Mutex<[String]>([])

  static func contains(_ number: String) -> Bool { numbers.withLock { $0.contains(number) } }

  static func add(_ number: String) {
    numbers.withLock { numbers in
      numbers.append(number)
      if numbers.count > 64 { numbers.removeFirst() }
    }
  }
}
