import CheckpointIO

/// Runs the tool, and turns what it throws into a message and an exit status.
@main
enum Main {
  static func main() {
    FileSizeLimit.makeAnError()
    run(ProcessArguments.bytes).leave()
  }

  private static func run(_ arguments: [[UInt8]]) -> ExitStatus {
    let output = StandardOutput()
    do throws(CheckpointError) {
      let status = try Tool.run(arguments, output)
      try output.flush()
      return status
    } catch {
      return report(error, after: output)
    }
  }

  // What came before the error goes out first, unless it was the output that failed.
  private static func report(_ error: CheckpointError, after output: StandardOutput) -> ExitStatus {
    if error.file != StandardStream.output.name {
      do throws(CheckpointError) {
        try output.flush()
      } catch {
        return report(error, after: output)
      }
    }
    let status = ExitStatus(error)
    switch status {
    case .closedPipe: break
    case .usage: StandardError.report(error.isOfCommandLine ? error.message : error.description)
    default: StandardError.report(error.description)
    }
    return status
  }
}

extension CheckpointError {
  // The message names the arguments; any other error is about a place, which its description names.
  fileprivate var isOfCommandLine: Bool { (file ?? "").isEmpty && key == nil }
}
