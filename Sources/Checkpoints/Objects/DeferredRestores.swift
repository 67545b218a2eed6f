import CheckpointGraph
import CheckpointIO
import Foundation

/// The restores of this process that still have values for objects to come, oldest first.
///
/// A restore is kept for as long as an object lives that could get such a value; and those after it,
/// since a value of a newer one counts.
/// Source: tensorflow/python/checkpoint/restore.py and trackable/base.py,
/// `_deferred_dependencies`.
enum DeferredRestores {
  // Guarded by its own lock; what it holds is used by the thread that restores, as all of this is.
  private final class Registry: @unchecked Sendable {
    private var sessions: [RestoreSession] = []
    private let lock = NSLock()

    /// Those that are of use still.
    var current: [RestoreSession] {
      lock.withLock {
        while let oldest = sessions.first, oldest.isFinished { sessions.removeFirst() }
        return sessions
      }
    }

    func append(_ session: RestoreSession) {
      lock.withLock { sessions.append(session) }
    }
  }

  private static let registry = Registry()

  /// Keeps a restore for objects to come.
  static func register(_ session: RestoreSession) {
    registry.append(session)
    _ = registry.current
  }

  /// Restores what exists by now: newest restore first, each leaving alone what a newer one has done.
  ///
  /// - Throws: One error with everything that did not fit; the rest has been restored.
  static func retry(in live: LiveGraph) throws(CheckpointError) {
    var taken = TakenVariables()
    var problems: [CheckpointError] = []
    for session in registry.current.reversed() {
      do throws(CheckpointError) {
        try session.retry(in: live, &taken)
      } catch {
        problems.append(error)
      }
    }
    let error = CheckpointError.combining(problems) { "\($0) restores have values that do not fit" }
    if let error { throw error }
  }

  /// Restores what an object has got by an assignment.
  ///
  /// An assignment cannot throw: what goes wrong is kept for the status, and a warning is given.
  static func objectChanged(_ owner: any Checkpointable) {
    let sessions = registry.current.filter { $0.waits(for: owner) }
    guard let newest = sessions.last else { return }
    do throws(CheckpointError) {
      try retry(in: newest.walk(orFrom: owner))
    } catch {
      CheckpointWarnings.warn(error.description)
    }
  }

  /// Says so if an object that is about to be saved has not got the values that wait for it.
  static func warnAboutUnrestored(in live: LiveGraph) {
    for session in registry.current {
      let places = session.readyPairs(in: live).map { session.place(of: $0.saved) }
      guard !places.isEmpty else { continue }
      CheckpointWarnings.warn(
        "\(NameList.text(places)) came after the restore of '\(session.path)' and did not get "
          + "the values that it has for them: call restoreDeferred() once they exist, or mark the "
          + "property @Dependency"
      )
    }
  }
}
