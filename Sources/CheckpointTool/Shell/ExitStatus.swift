import CheckpointIO
import CheckpointPlatform

/// What the tool tells the shell; documented in its help.
enum ExitStatus: Int32 {
  /// All is well.
  case success = 0
  /// The checkpoint is damaged, or what was asked for is not there.
  case failure = 1
  /// The arguments make no sense.
  case usage = 2
  /// The operating system refused.
  case system = 3
  /// Nobody reads the output any more: what a shell shows for a program that SIGPIPE ends.
  case closedPipe = 141

  /// The status for an error.
  init(_ error: CheckpointError) {
    switch error.code {
    case .invalidArgument: self = .usage
    case .io where error.systemError == EPIPE: self = .closedPipe
    case .io, .busy: self = .system
    default: self = .failure
    }
  }

  /// Ends the process.
  func leave() -> Never { exit(rawValue) }
}
