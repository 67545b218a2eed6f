import CheckpointTestSupport
import Foundation
import Testing

/// Proves that shells complete the tool's arguments by what it writes for them, and that man(1) has a page to show.
@Suite struct CompletionTests {
  private static func has(_ program: String) -> Bool {
    (try? ToolRun.shell("command -v \(program)").status) == 0
  }

  private func script(_ shell: String) throws -> String {
    let run = try ToolRun.checkpoint("completions", shell)
    #expect(run.status == 0)
    return run.output
  }

  // What bash would offer for a line, the last word of which is not finished.
  private func bash(_ words: [String], in directory: TemporaryDirectory) throws -> [String] {
    try directory.write(Array(script("bash").utf8), to: "completion")
    let line = words.map { "\"\($0)\"" }.joined(separator: " ")
    let question = """
      . ./completion
      COMP_WORDS=(checkpoint \(line))
      COMP_CWORD=\(words.count)
      _checkpoint
      printf '%s\\n' "${COMPREPLY[@]}"
      """
    try directory.write(Array(question.utf8), to: "question")
    let output = try ToolRun.shell("cd '\(directory.path)' && bash question").output
    return output.split(separator: "\n").map(String.init).sorted()
  }

  @Test func `bash completes commands, options and checkpoints`() throws {
    let directory = try TemporaryDirectory("completions")
    for name in ["ckpt-1.index", "ckpt-1.data-00000-of-00001", "ckpt two.safetensors", "other"] {
      try directory.write([0], to: name)
    }
    #expect(try bash(["ver"], in: directory) == ["verify"])
    #expect(try bash(["help", "ver"], in: directory) == ["verify"])
    #expect(try bash(["list", "--js"], in: directory) == ["--json"])
    #expect(try bash(["list", "--he"], in: directory) == ["--help"])
    #expect(try bash(["list", "ck"], in: directory) == ["ckpt two.safetensors", "ckpt-1"])
    #expect(try bash(["completions", "z"], in: directory) == ["zsh"])
    #expect(try bash(["list", "nothing"], in: directory) == [])
  }

  @Test(arguments: [("zsh", "-n"), ("fish", "--no-execute"), ("bash", "-n")].filter { has($0.0) })
  func `every shell can read its script`(shell: String, check: String) throws {
    let directory = try TemporaryDirectory("completions")
    try directory.write(Array(script(shell).utf8), to: "completion")
    let run = try ToolRun.shell("\(shell) \(check) '\(directory.path)/completion'")
    #expect(run.status == 0, "\(run.errors)")
  }

  @Test(.enabled(if: has("fish"))) func `fish completes commands and options`() throws {
    let directory = try TemporaryDirectory("completions")
    try directory.write(Array(script("fish").utf8), to: "completion")
    let run = try ToolRun.shell(
      "cd '\(directory.path)'; fish --no-config -c 'source ./completion; complete -C \"checkpoint ver\"; "
        + "complete -C \"checkpoint list --js\"'")
    let offered = run.output.split(separator: "\n").map { $0.split(separator: "\t")[0] }
    #expect(offered == ["verify", "--json"])
  }

  @Test(.enabled(if: has("zsh"))) func `zsh finds what completes the arguments`() throws {
    let directory = try TemporaryDirectory("completions")
    try directory.write(Array(script("zsh").utf8), to: "_checkpoint")
    // compdef finds the function by the name of its file, and its first line.
    let run = try ToolRun.shell(
      "cd '\(directory.path)'; zsh -f -c 'fpath=($PWD $fpath); autoload -U compinit; compinit -D -u; print ${_comps[checkpoint]}'"
    )
    #expect(run.output == "_checkpoint\n")
  }

  @Test func `there are completions for three shells`() throws {
    let run = try ToolRun.checkpoint("completions", "tcsh")
    #expect(run.status == 2)
    #expect(run.errors.contains("there are completions for bash, zsh, fish, and none for 'tcsh'"))
  }

  @Test func `the manual has every command and every option`() throws {
    let manual = try ToolRun.checkpoint("manual").output
    #expect(manual.hasPrefix(".TH CHECKPOINT 1\n"))
    for command in ["list", "stats", "average", "audit", "completions", "manual"] {
      #expect(manual.contains("\n.SS \(command)\n"))
    }
    for option in ["\\-\\-json", "\\-\\-fail\\-on\\-nan", "\\-\\-slice SLICE"] {
      #expect(manual.contains("\n.B \(option)\n"))
    }
    // Whatever begins with a point is a request of the language, or is escaped.
    let requests: Set = [".TH", ".SH", ".SS", ".B", ".PP", ".TP", ".nf", ".fi"]
    for line in manual.split(separator: "\n") where line.hasPrefix(".") {
      #expect(requests.contains(line.split(separator: " ")[0].description), "\(line)")
    }
    #expect(!manual.contains("\n'"))
  }
}
