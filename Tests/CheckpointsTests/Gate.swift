import CheckpointIO
import CheckpointTestSupport
import Dispatch
import Synchronization

/// Stops a file system at a call until it is told to go on, so that a test can do something in the
/// middle of a save; stops it once.
final class Gate: Sendable {
  private let reached = DispatchSemaphore(value: 0)
  private let opened = DispatchSemaphore(value: 0)
  private let wasReached = Mutex(false)

  /// A file system that stops before the first call of a kind to a file whose name begins so.
  func fileSystem(over base: any FileSystem, at kind: FileCall.Kind, of name: String)
    -> InterceptingFileSystem
  {
    InterceptingFileSystem(base) { [self] _, call throws(CheckpointError) in
      guard call.kind == kind, Path(call.path).name.contains(name) else { return }
      let isFirst = wasReached.withLock { wasReached in
        defer { wasReached = true }
        return !wasReached
      }
      guard isFirst else { return }
      reached.signal()
      opened.wait()
    }
  }

  /// Waits until the call is made.
  func waitUntilReached() { reached.wait() }

  /// Lets it go on.
  func open() { opened.signal() }
}
