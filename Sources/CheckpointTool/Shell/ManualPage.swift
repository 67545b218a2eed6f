/// The tool's help as a page of the manual, in the language of man(7).
struct ManualPage {
  /// The page.
  let text: String

  /// Makes the page.
  ///
  /// - Parameters:
  ///   - commands: The commands, in the order of the help.
  ///   - about: What holds for all of them: paragraphs, a title in front of those that have one.
  init(_ commands: [Synopsis], about: [(title: String, paragraphs: String)]) {
    var page = """
      .TH CHECKPOINT 1 "" "checkpoint \(ToolVersion.number)"
      .SH NAME
      checkpoint \\- reads and writes the checkpoints of machine\\-learning programs
      .SH SYNOPSIS
      .B checkpoint
      COMMAND ARGUMENTS

      """
    for (title, paragraphs) in about {
      page += ".SH \(title.uppercased())\n" + Self.block(paragraphs)
    }
    page += ".SH COMMANDS\n"
    for command in commands { page += Self.section(command) }
    text = page
  }

  private static func section(_ command: Synopsis) -> String {
    var page = ".SS \(command.name)\n"
    page += ".B \(escaped(String(command.usageLine.dropFirst("usage: ".count))))\n"
    page += ".PP\n\(escaped(command.summary))\n" + block(command.details)
    for option in command.options {
      page += ".TP\n.B \(escaped(option.name + (option.value.map { " \($0)" } ?? "")))\n"
      page += "\(escaped(option.help))\n"
    }
    return page
  }

  // Lines as they are: many are examples, or tables.
  private static func block(_ text: String) -> String {
    ".PP\n.nf\n"
      + text.split(separator: "\n", omittingEmptySubsequences: false).map(escaped).map { "\($0)\n" }
      .joined() + ".fi\n"
  }

  // A point or an apostrophe at the beginning of a line would be a request.
  private static func escaped(_ line: some StringProtocol) -> String {
    let characters = line.map { character in
      switch character {
      case "\\": "\\e"
      case "-": "\\-"
      case "'": "\\(aq"
      case "`": "\\(ga"
      default: String(character)
      }
    }.joined()
    return characters.first == "." ? "\\&" + characters : characters
  }
}
