import CheckpointIO

/// `checkpoint manual`: all that `checkpoint help` says, as a page for man(1).
struct Manual: Command {
  static let synopsis = Synopsis(
    name: "manual", summary: "Writes the manual as a page for man(1).", operands: [],
    details: """
      To install it: checkpoint manual > /usr/local/share/man/man1/checkpoint.1
      To look at it: checkpoint manual | man -l -
      """)

  init(_ arguments: ArgumentScanner) throws(CheckpointError) {}

  func run(_ output: StandardOutput) throws(CheckpointError) -> ExitStatus {
    try output.write(ManualPage(Tool.commands.map { $0.synopsis }, about: Tool.about).text)
    return .success
  }
}
