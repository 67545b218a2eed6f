import CheckpointPlatform
import Dispatch

/// The system's notices that files have come into a directory: those of Linux, inotify(7).
///
/// They only spare time: a network file system tells nothing of what other machines do, so whoever waits for
/// them looks every so often in any case.
package final class DirectoryNotices: Sendable {
  /// Can be read from when there is a notice.
  package let descriptor: CInt
  private let directory: String
  private let events: UInt32

  /// Begins to listen; `nil` if the directory is not there, the system has no watches left, or it has no such
  /// notices.
  ///
  /// - Parameters:
  ///   - directory: Where the files come.
  ///   - onlyRenamed: Whether all come by a rename, and none is written in its place.
  package init?(of directory: String, onlyRenamed: Bool = false) {
    #if os(Linux)
    let number = inotify_init1(CInt(IN_NONBLOCK) | CInt(IN_CLOEXEC))
    guard number >= 0 else { return nil }
    descriptor = number
    self.directory = directory
    // Files come by rename; a program that writes in place closes them.
    events = UInt32(IN_MOVED_TO) | (onlyRenamed ? 0 : UInt32(IN_CLOSE_WRITE))
    guard renew() else { return nil }
    #else
    return nil
    #endif
  }

  // To close one takes Linux some 10 ms: nobody need wait for that.
  deinit { DispatchQueue.global().async { [descriptor] in _ = close(descriptor) } }

  /// Listens to the directory that has the path now, which another one may have had before.
  ///
  /// To ask is cheap: nothing changes for a directory that is listened to.
  ///
  /// - Returns: Whether there is one.
  package func renew() -> Bool {
    #if os(Linux)
    unsafe inotify_add_watch(descriptor, directory, events) >= 0
    #else
    false
    #endif
  }

  /// Forgets the notices that there are: what has changed does not matter, since whoever waits looks.
  package func drain() {
    var notices = [UInt8](repeating: 0, count: 4_096)
    var count = 1
    while count > 0 {
      count = unsafe notices.withUnsafeMutableBytes {
        unsafe read(descriptor, $0.baseAddress, $0.count)
      }
    }
  }

  /// Waits until there is one, or for so long.
  package func wait(for duration: Duration) {
    let milliseconds = CInt(clamping: Int64(max(0, duration / .milliseconds(1))))
    if milliseconds == 0 { pause(for: duration) }  // poll counts in milliseconds
    var wanted = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    if unsafe poll(&wanted, 1, milliseconds) > 0 { drain() }
  }
}
