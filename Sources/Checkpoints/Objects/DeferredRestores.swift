import CheckpointStore
import CheckpointGraph
import CheckpointIO
import Foundation

/// The restores of this process that still have values for objects to come, oldest first.
///
/// A restore is kept for as long as an object lives that could get such a value, and no newer restore has
/// all that it has. One that has nothing to wait for is forgotten at once; which variables it has given
/// values to, and an older one must leave alone, stands in a record.
/// Source: tensorflow/python/checkpoint/restore.py and trackable/base.py,
/// `_deferred_dependencies`.
package enum DeferredRestores {
  // Guarded by its own lock; what has come of a session, and its places, by the session's.
  private final class Registry: @unchecked Sendable {
    private var sessions: [RestoreSession] = []
    private var record = RestoreRecord()
    private var newest = 0
    private let lock = NSLock()

    /// A number for a restore, larger than all before.
    func nextNumber() -> Int {
      lock.withLock {
        newest += 1
        return newest
      }
    }

    /// Those that are of use still.
    var current: [RestoreSession] {
      forgetFinished()
      return lock.withLock { sessions }
    }

    /// Keeps a restore, if it waits for something.
    func add(_ session: RestoreSession) {
      for older in current where session.supersedes(older) {
        older.update { $0.isSuperseded = true }
      }
      if !session.isFinished { lock.withLock { sessions.append(session) } }
      forgetFinished()
    }

    // Sessions are examined, and released, outside of the lock: that may run the program's own code.
    func forgetFinished() {
      let finished = lock.withLock { sessions }.filter(\.isOfNoUse)
      guard !finished.isEmpty else { return }
      lock.withLock {
        sessions.removeAll { session in finished.contains { $0 === session } }
        if sessions.isEmpty { record.removeAll() }
      }
    }

    /// Calls `body` with the record, unless nobody waits who could need it.
    func withRecord<Result>(_ body: (inout RestoreRecord) -> Result) -> Result? {
      lock.withLock { sessions.isEmpty ? nil : body(&record) }
    }
  }

  private static let registry = Registry()

  /// A number for a restore, larger than all before.
  static func nextNumber() -> Int { registry.nextNumber() }

  /// Keeps a restore for objects to come, if it has something for them.
  static func register(_ session: RestoreSession) { registry.add(session) }

  /// Forgets what nobody waits for any more.
  static func forgetFinished() { registry.forgetFinished() }

  /// The checkpoints of the restores that are kept, the oldest first.
  package static var paths: [String] { registry.current.map(\.path) }

  // MARK: Which restore counts

  /// Notes that a restore has given variables their values, or has values for them that do not fit.
  static func note(
    _ assignments: some Sequence<GraphMatch.Assignment>, in live: LiveGraph, by restore: Int
  ) {
    registry.withRecord { $0.note(assignments, in: live, restore: restore) }
  }

  /// The assignments to variables that do not belong to a newer restore.
  static func untaken(_ assignments: [GraphMatch.Assignment], in live: LiveGraph, by restore: Int)
    -> [GraphMatch.Assignment]
  {
    registry.withRecord { record in
      assignments.filter { !record.isTaken($0, in: live, from: restore) }
    } ?? assignments
  }

  // MARK: Objects that have come

  /// Restores what exists by now: newest restore first, each leaving alone what a newer one has done.
  ///
  /// - Throws: One error with everything that did not fit; the rest has been restored. `busy` if another
  ///   thread restores the same objects.
  static func retry(in live: LiveGraph) throws(CheckpointError) {
    var problems: [CheckpointError] = []
    for session in registry.current.reversed() where session.hasReady(in: live) {
      do throws(CheckpointError) {
        let isDone: Void? = try session.whenFree { () throws(CheckpointError) in
          try session.retryAll(in: live)
        }
        if isDone == nil { throw session.busyError }
      } catch {
        problems.append(error)
      }
    }
    registry.forgetFinished()
    let error = CheckpointError.combining(problems) { "\($0) restores have values that do not fit" }
    if let error { throw error }
  }

  /// Restores what an object has got by an assignment.
  ///
  /// An assignment cannot throw: what goes wrong is kept for the status, and a warning is given.
  static func objectChanged(_ owner: any Checkpointable) {
    var walked: Set<ObjectIdentifier?> = []
    for session in registry.current.reversed() where session.waits(for: owner) {
      guard walked.insert(session.roots.map(ObjectIdentifier.init)).inserted else { continue }
      do throws(CheckpointError) {
        try retry(in: session.walk(orFrom: owner))
      } catch {
        CheckpointWarnings.warn(error.description)
      }
    }
  }

  /// Says so if an object that is about to be saved has not got the values that wait for it.
  static func warnAboutUnrestored(in live: LiveGraph) {
    for session in registry.current {
      if let warning = session.warningOfUnrestored(in: live) { CheckpointWarnings.warn(warning) }
    }
  }
}
