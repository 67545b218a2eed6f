import CheckpointIO

/// The tool as a whole: which commands there are, and what it says of itself.
enum Tool {
  /// All commands, in the order of the help.
  static let commands: [any Command.Type] = [
    List.self,
    Show.self,
    Cat.self,
    Graph.self,
    Stats.self,
    Report.self,
    Verify.self,
    Diff.self,
    Convert.self,
    Rename.self,
    Merge.self,
    Average.self,
    Map.self,
    Suggest.self,
    Rules.self,
    Audit.self,
    Completions.self,
    Manual.self,
  ]

  /// Does what the arguments say.
  static func run(_ arguments: [[UInt8]], _ output: StandardOutput) throws(CheckpointError)
    -> ExitStatus
  {
    guard let first = arguments.first else {
      StandardError.write(help)
      return .usage
    }
    let rest = Array(arguments.dropFirst())
    switch String(decoding: first, as: UTF8.self) {
    case "--help", "-h":
      try output.write(help)
    case "help":
      try output.write(rest.isEmpty ? help : command(named: rest[0]).synopsis.help)
    case "--version":
      try output.write("checkpoint \(ToolVersion.number)\n")
    default:
      return try run(command(named: first), rest, output)
    }
    return .success
  }

  private static func run(
    _ command: any Command.Type, _ arguments: [[UInt8]], _ output: StandardOutput
  ) throws(CheckpointError) -> ExitStatus {
    let arguments = try ArgumentScanner(arguments, for: command.synopsis)
    guard !arguments.asksForHelp else {
      try output.write(command.synopsis.help)
      return .success
    }
    return try command.init(arguments).run(output)
  }

  private static func command(named name: [UInt8]) throws(CheckpointError) -> any Command.Type {
    let command = commands.first { Array($0.synopsis.name.utf8) == name }
    guard let command else {
      let names = commands.map { $0.synopsis.name }.joined(separator: ", ")
      throw CheckpointError(
        .invalidArgument,
        "there is no command '\(TensorName.shown(name))', but \(names)\n"
          + "'checkpoint --help' says what they do")
    }
    return command
  }

  private static var help: String {
    let width = commands.map { $0.synopsis.name.count }.max() ?? 0
    let lines = commands.map { command in
      "  \(command.synopsis.name.paddedRight(to: width))  \(command.synopsis.summary)\n"
    }
    return """
      usage: checkpoint COMMAND ARGUMENTS

      \(purpose)

      Commands:
      \(lines.joined())
      \(operands)

      Exit status:
      \(exitStatus)

      """
  }

  /// What holds for all commands, by title.
  static var about: [(title: String, paragraphs: String)] {
    [("Description", "\(purpose)\n\n\(operands)"), ("Exit status", exitStatus)]
  }

  private static let purpose =
    "Reads and writes checkpoints: TensorFlow's formats V2 and V1, and safetensors."

  private static let operands = """
    'checkpoint help COMMAND' says more, and 'checkpoint --version' which one it is.
    Every command takes --help. '--' ends options: what follows is a path or a name,
    whatever it begins with.

    PREFIX is what the files of a V2 checkpoint begin with: 'run/ckpt-7' for
    'run/ckpt-7.index' and 'run/ckpt-7.data-00000-of-00001'. Each of its files will do
    as well; so will a V1 file, any of several, or their pattern
    ('run/m-?????-of-00002'); a safetensors file; and a directory, for its latest
    checkpoint. The format is found from the files.

    NAME is the name of a tensor, as 'checkpoint list' shows it.
    """

  private static let exitStatus = """
      0  all is well
      1  the checkpoint is damaged or cannot be read, what was asked for is not there or
         cannot be done, or there is a difference
      2  the arguments make no sense
      3  the operating system refused: no permission, too many open files, disk full, read
         error; or others replaced or locked the checkpoint again and again
    """
}
