import CheckpointTestSupport
import Foundation
import Testing

@Suite struct UsageTests {
  @Test func `without a command it says which there are`() throws {
    let run = try ToolRun.checkpoint()
    #expect(run.status == 2)
    #expect(run.output == "")
    #expect(run.errors.hasPrefix("usage: checkpoint COMMAND ARGUMENTS\n"))
  }

  @Test(arguments: ["--help", "-h", "help"])
  func `its help documents commands and exit status`(word: String) throws {
    let run = try ToolRun.checkpoint(word)
    #expect(run.status == 0)
    for line in [
      "  list         Lists the tensors of a checkpoint.",
      "  verify       Checks every byte of a checkpoint that its checksums cover.",
      "  audit        Tells what every file of a directory is, and repairs the state file.",
      "  2  the arguments make no sense",
    ] {
      #expect(run.output.contains("\n\(line)\n"))
    }
  }

  @Test(arguments: [
    "list", "show", "cat", "graph", "stats", "verify", "diff", "map", "suggest", "audit",
  ])
  func `every command explains itself`(command: String) throws {
    let run = try ToolRun.checkpoint("help", command)
    #expect(run.status == 0)
    #expect(
      run.output.hasPrefix(
        "usage: checkpoint \(command) \(command == "audit" ? "DIRECTORY" : "PREFIX")"))
    #expect(try ToolRun.checkpoint(command, "--help").output == run.output)
    let lines: [Substring] = run.output.split(separator: "\n")
    #expect(lines.dropFirst().allSatisfy { $0.count <= 80 })
  }

  @Test(arguments: [
    ("convert", "SOURCE DEST"), ("merge", "DEST SOURCE..."), ("rename", "PREFIX OLD NEW..."),
    ("average", "OUT CHECKPOINT..."),
  ])
  func `commands that write explain themselves, too`(command: String, operands: String) throws {
    let run = try ToolRun.checkpoint("help", command)
    #expect(run.status == 0)
    #expect(run.output.hasPrefix("usage: checkpoint \(command) \(operands) "))
    let lines: [Substring] = run.output.split(separator: "\n")
    #expect(lines.dropFirst().allSatisfy { $0.count <= 80 })
  }

  @Test(arguments: [
    "list m-1", "stats m-1", "graph g-1", "verify m-1", "map m-1 --names dotted --dry-run",
    "suggest m-1 --like m-2", "audit . --name m --keep 1", "diff m-1 m-2", "diff --layers m-1 m-2",
  ])
  func `the help of a command names every member of its JSON`(line: String) throws {
    let directory = try TemporaryDirectory("members")
    for number in 1...2 {
      try directory.save([("n/w", floats(Float(number)))], to: "m-\(number)")
    }
    let graph = ToolRun.fixture("object/nested-1")
    #expect(try ToolRun.checkpoint("convert", graph, directory.path("g-1")).status == 0)
    let run = try ToolRun.shell("cd \"$1\" && checkpoint \(line) --json", directory.path)
    let names = members(of: try JSONSerialization.jsonObject(with: Data(run.outputBytes)))
    #expect(!names.isEmpty)
    let command = String(line.prefix { $0 != " " })
    let help = try ToolRun.checkpoint("help", command).output
    for name in names { #expect(help.contains("\"\(name)\""), "\(line): \(name)") }
  }

  // The names of all members of the objects in a value of JSON, but for those of rules, which have a page.
  private func members(of value: Any) -> Set<String> {
    if let array = value as? [Any] { return Set(array.flatMap { members(of: $0) }) }
    guard let object = value as? [String: Any] else { return [] }
    return Set(object.keys).union(
      object.filter { $0.key != "rules" }.values.flatMap { members(of: $0) })
  }

  @Test func `it knows its version`() throws {
    let run = try ToolRun.checkpoint("--version")
    #expect(run.output.hasPrefix("checkpoint "))
    #expect(run.status == 0)
  }

  @Test(arguments: [
    (
      ["frob"],
      "there is no command 'frob', but list, show, cat, graph, stats, report, verify, diff, convert, rename, "
        + "merge, average, map, suggest, rules, audit, completions, manual"
    ),
    (["list"], "list: PREFIX is missing"),
    (["show", "a"], "show: NAME is missing"),
    (["verify", "a", "b"], "verify: the argument 'b' is one too many"),
    (
      ["list", "--jsn", "a"],
      "list: there is no option '--jsn'; names that begin with '-' go after '--'"
    ),
    (["list", "--json=1", "a"], "list: the option '--json' takes no value"),
    (["list", ""], "the path is empty"),
  ])
  func `arguments that make no sense are explained`(arguments: [String], message: String) throws {
    let line = "checkpoint " + arguments.map { "'\($0)'" }.joined(separator: " ")
    let run = try ToolRun.shell(line)
    #expect(run.status == 2)
    #expect(run.output == "")
    #expect(run.errors.hasPrefix("checkpoint: \(message)\n"))
  }

  @Test func `a path that is not UTF-8 is shown, and refused`() throws {
    let run = try ToolRun.shell("checkpoint verify \"$(printf 'run/a\\377b')\"")
    #expect(run.status == 2)
    #expect(run.output == "")
    #expect(run.errors.hasPrefix("checkpoint: verify: the path 'run/a\\xffb' is not UTF-8\n"))
  }

  @Test func `what follows two hyphens is no option`() throws {
    let run = try ToolRun.checkpoint("list", "--", "--json")
    #expect(run.status == 1)
    #expect(run.errors.hasPrefix("checkpoint: --json: there is no '--json.index'"))
  }
}
