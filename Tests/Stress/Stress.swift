import Checkpoints
import Foundation
import Synchronization

/// A program in which much happens at once, for as long as it is told; a sanitizer looks on.
///
///     checkpoint-stress SECONDS [READERS]    three who save, and those who read beside them
///     checkpoint-stress saves COUNT          one who saves and restores again and again
///     checkpoint-stress managed COUNT        one who manages as many checkpoints, and sweeps them
///
/// Every element of every tensor of a checkpoint is the same number, so that a mixture shows. The program ends
/// with status 1 if it has seen one, if a call has failed that should not, or if memory, descriptors or threads
/// have grown.
@main struct Stress {
  static func main() throws {
    let arguments = Array(CommandLine.arguments.dropFirst())
    let directory = NSTemporaryDirectory() + "checkpoint-stress-\(getpid())"
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    let holds = Result { try run(arguments, directory) }
    try? FileManager.default.removeItem(atPath: directory)
    guard try holds.get() else { exit(1) }
  }

  private static func run(_ arguments: [String], _ directory: String) throws -> Bool {
    let count = arguments.count == 2 ? Int(arguments[1]) : nil
    switch (arguments.first, count) {
    case ("saves", let count?): return try LongLife(directory).saveAndRestore(count)
    case ("managed", let count?): return try LongLife(directory).manage(count)
    case (let seconds?, _):
      guard let seconds = Double(seconds) else { exit(64) }
      return try Crowd(directory, readers: count ?? 8).live(for: seconds)
    default: exit(64)
    }
  }
}

/// What has gone wrong, and how often what has gone well.
final class Tally: Sendable {
  private let counts = Mutex<[String: Int]>([:])
  private let failures = Mutex<[String]>([])

  func count(_ what: String) { counts.withLock { $0[what, default: 0] += 1 } }

  func fail(_ what: String) { failures.withLock { $0.append(what) } }

  /// Prints all, and says whether nothing has gone wrong, and all of some things have happened.
  func report(expecting expected: [String]) -> Bool {
    let counts = counts.withLock { $0 }.sorted { $0.key < $1.key }
    for what in expected where !counts.contains(where: { $0.key == what }) { fail("no \(what)") }
    print(counts.map { "\($0.key): \($0.value)" }.joined(separator: ", "))
    let failures = failures.withLock { $0 }
    for failure in failures.prefix(20) { print("FAILED: \(failure)") }
    return failures.isEmpty
  }
}
