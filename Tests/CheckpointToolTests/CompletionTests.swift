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

  @Test(.enabled(if: has("fish"))) func `fish completes commands, options and checkpoints`() throws
  {
    let directory = try TemporaryDirectory("completions")
    try directory.write(Array(script("fish").utf8), to: "completion")
    for name in ["ckpt-1.index", "ckpt-1.data-00000-of-00001", "ckpt-2.safetensors"] {
      try directory.write([0], to: name)
    }
    func offered(_ line: String) throws -> [String] {
      let run = try ToolRun.shell(
        "cd '\(directory.path)'; fish --no-config -c 'source ./completion; complete -C \"\(line)\"'"
      )
      return run.output.split(separator: "\n").map { String($0.split(separator: "\t")[0]) }
    }
    #expect(try offered("checkpoint ver") == ["verify"])
    #expect(try offered("checkpoint hel") == ["help"])
    #expect(try offered("checkpoint --ver") == ["--version"])
    #expect(try offered("checkpoint help ver") == ["verify"])
    #expect(try offered("checkpoint list --js") == ["--json"])
    #expect(try offered("checkpoint list --he") == ["--help"])
    #expect(try offered("checkpoint show list --tr") == [])
    #expect(try offered("checkpoint rename -").contains("-o"))
    #expect(try offered("checkpoint list ck").sorted() == ["ckpt-1", "ckpt-2.safetensors"])
    #expect(try offered("checkpoint completions z") == ["zsh"])
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

  /// What zsh makes of a line when somebody presses the tabulator at its end: the shell itself, in a terminal.
  private func zsh(_ line: String, in directory: TemporaryDirectory) throws -> String {
    let question = """
      zmodload zsh/zpty
      zpty z 'TERM=dumb PS1= zsh -f -i'
      zpty -w z 'unset zle_bracketed_paste; fpath=($PWD $fpath); autoload -U compinit; compinit -D -u'
      zpty -w z "show() { print -r -- \\"<\\$BUFFER>\\"; BUFFER= }; zle -N show; bindkey '^T' show"
      zpty -w -n z $'\(line)\\t\\C-t'
      seen=''
      for i in {1..300}; do
        zpty -r -t z part && seen+=$part
        [[ $seen == *'<checkpoint'*'>'* ]] && break
        sleep 0.1
      done
      print -r -- $seen
      """
    try directory.write(Array(question.utf8), to: "question")
    let output = try ToolRun.shell("cd '\(directory.path)' && zsh -f question").output
    let shown = output.split(separator: "<checkpoint", maxSplits: 1).last.map(String.init) ?? ""
    return "checkpoint" + shown.prefix { $0 != ">" }
  }

  @Test(.enabled(if: has("zsh")), .timeLimit(.minutes(20)))
  func `zsh completes commands, options and checkpoints`() throws {
    let directory = try TemporaryDirectory("completions")
    try directory.write(Array(script("zsh").utf8), to: "_checkpoint")
    for name in ["ckpt-1.index", "ckpt-1.data-00000-of-00001"] {
      try directory.write([0], to: name)
    }
    let lines = [
      "checkpoint ver": "checkpoint verify ", "checkpoint list --dep": "checkpoint list --depth=",
      "checkpoint merge --over": "checkpoint merge --overwrite ",
      "checkpoint list ck": "checkpoint list ckpt-1",
      "checkpoint help ver": "checkpoint help verify ",
      "checkpoint completions f": "checkpoint completions fish ",
    ]
    for (line, completed) in lines { #expect(try zsh(line, in: directory) == completed) }
  }

  @Test func `there are completions for three shells`() throws {
    let run = try ToolRun.checkpoint("completions", "tcsh")
    #expect(run.status == 2)
    #expect(run.errors.contains("there are completions for bash, zsh, fish, and none for 'tcsh'"))
  }

  @Test func `the manual has every command and every option`() throws {
    let manual = try ToolRun.checkpoint("manual").output
    #expect(manual.hasPrefix(".TH CHECKPOINT 1 \"\" \"checkpoint 0.1.0\"\n"))
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
