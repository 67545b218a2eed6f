import CheckpointIO

/// `checkpoint completions`: what a shell has to know to complete the tool's arguments.
struct Completions: Command {
  static let synopsis = Synopsis(
    name: "completions", summary: "Writes what a shell needs to complete arguments.",
    operands: ["SHELL"],
    details: """
      SHELL is bash, zsh or fish. To have it in each new shell:

        bash   mkdir -p ~/.local/share/bash-completion/completions
               checkpoint completions bash > ~/.local/share/bash-completion/completions/checkpoint
        zsh    checkpoint completions zsh > _checkpoint, in a directory of $fpath
        fish   checkpoint completions fish > ~/.config/fish/completions/checkpoint.fish

      Commands, options and files are completed; of a V2 checkpoint, its prefix.
      """)

  private let script: CompletionScript

  init(_ arguments: ArgumentScanner) throws(CheckpointError) {
    let name = try arguments.path(0)
    guard let script = CompletionScript(rawValue: name) else {
      let names = CompletionScript.allCases.map(\.rawValue).joined(separator: ", ")
      throw arguments.misuse("there are completions for \(names), and none for '\(name.shown)'")
    }
    self.script = script
  }

  func run(_ output: StandardOutput) throws(CheckpointError) -> ExitStatus {
    let grammar = CompletedGrammar(Tool.commands.map { $0.synopsis }, ofShells: Self.synopsis)
    try output.write(script.text(grammar))
    return .success
  }
}
