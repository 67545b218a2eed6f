import CheckpointIO

/// A thing that the tool can do: a file in `Commands`, and a line in ``Tool/commands``.
protocol Command: SendableMetatype {
  /// How it is called.
  static var synopsis: Synopsis { get }

  /// Takes its arguments, which fit the synopsis.
  ///
  /// - Throws: `invalidArgument` for values that make no sense.
  init(_ arguments: ArgumentScanner) throws(CheckpointError)

  /// Does it.
  ///
  /// - Returns: `failure` if its output says what is wrong.
  /// - Throws: What is to be said on the standard error output.
  func run(_ output: StandardOutput) throws(CheckpointError) -> ExitStatus
}
