/// A shell, and the script from which it learns to complete arguments.
enum CompletionScript: String, CaseIterable {
  case bash
  case zsh
  case fish

  /// The script for what can be completed.
  func text(_ grammar: CompletedGrammar) -> String {
    switch self {
    case .bash: Self.bash(grammar)
    case .zsh: Self.zsh(grammar)
    case .fish: Self.fish(grammar)
    }
  }

  /// A text between single quotes, as bash and zsh have it.
  static func quoted(_ text: String) -> String {
    "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''")
      + "'"
  }
}

/// What can be completed, the same in every shell.
struct CompletedGrammar {
  /// A word that may come first.
  struct Command {
    let name: String
    let summary: String
    let options: [Synopsis.Option]
    let operands: Operands
  }

  /// What stands for the operands of a command.
  enum Operands {
    /// Checkpoints, and other files.
    case files
    /// One of these words.
    case words([String])
  }

  /// What may come first, but for options.
  let commands: [Command]
  /// The options that may come first.
  let options = [
    Synopsis.Option(name: "--help", help: "Shows the commands."),
    Synopsis.Option(name: "--version", help: "Shows which version it is."),
  ]

  /// - Parameters:
  ///   - commands: The commands of the tool.
  ///   - ofShells: The one of them that takes the name of a shell.
  init(_ commands: [Synopsis], ofShells: Synopsis) {
    let help = Synopsis.Option(name: "--help", help: "Shows how the command is called.")
    let others = commands.map { command in
      Command(
        name: command.name, summary: command.summary, options: command.options + [help],
        operands: command.name == ofShells.name
          ? .words(CompletionScript.allCases.map(\.rawValue)) : .files)
    }
    self.commands =
      others + [
        Command(
          name: "help", summary: "Shows how a command is called.", options: [],
          operands: .words(commands.map(\.name)))
      ]
  }
}
