import CheckpointIO
import CheckpointPlatform
import Dispatch

/// Tells that files may have come into a directory: at once where the system says so, and every so often
/// in any case, since network file systems do not.
final class DirectoryWatch {
  private let directory: String
  private let signal = ChangeSignal()
  private let pollInterval: Duration
  private var source: (any DispatchSourceProtocol)?
  // Whether the source watches the directory that the path leads to now; another one may have taken its place.
  private var isCurrent: () -> Bool = { false }

  init(_ directory: String, pollInterval: Duration) {
    self.directory = directory
    self.pollInterval = pollInterval
  }

  deinit { source?.cancel() }

  /// Whether the system tells of changes; otherwise they are seen at the next look.
  var isNotified: Bool { source != nil }

  /// Begins to listen, if the directory is there by now.
  ///
  /// To be called before looking: what changes after the look is not missed then.
  func listen() {
    guard source == nil || !isCurrent() else { return }
    source?.cancel()
    source = nil
    guard let (source, isCurrent) = Self.source(directory, signal) else { return }
    (self.source, self.isCurrent) = (source, isCurrent)
  }

  /// Waits until something may have changed, or until the deadline.
  nonisolated(nonsending) func wait(until deadline: ContinuousClock.Instant?) async {
    let poll = ContinuousClock.now + pollInterval
    await signal.wait(until: deadline.map { min($0, poll) } ?? poll)
  }
}

extension DirectoryWatch {
  #if canImport(Darwin)
  // `nil` if the directory is not there, or the process may open no more files.
  private static func source(_ path: String, _ signal: ChangeSignal)
    -> (any DispatchSourceProtocol, isCurrent: () -> Bool)?
  {
    let number = unsafe open(path, O_EVTONLY | O_DIRECTORY | O_CLOEXEC)
    guard number >= 0 else { return nil }
    // A directory is written to when a name comes into it, goes, or leads to another file.
    let source = DispatchSource.makeFileSystemObjectSource(
      fileDescriptor: number, eventMask: .write, queue: .global())
    source.setEventHandler { signal.send() }
    source.setCancelHandler { close(number) }
    source.activate()
    let identity = identity(of: path)
    return (source, { Self.identity(of: path) == identity })
  }

  private static func identity(of path: String) -> [UInt64]? {
    (try? LocalFileSystem().status(of: path))?.identity
  }
  #else
  private static func source(_ path: String, _ signal: ChangeSignal)
    -> (any DispatchSourceProtocol, isCurrent: () -> Bool)?
  {
    guard let notices = DirectoryNotices(of: path) else { return nil }
    let source = DispatchSource.makeReadSource(
      fileDescriptor: notices.descriptor, queue: .global())
    source.setEventHandler {
      notices.drain()
      signal.send()
    }
    source.setCancelHandler { withExtendedLifetime(notices) {} }  // closed behind the last event
    source.activate()
    return (source, notices.renew)
  }
  #endif
}
