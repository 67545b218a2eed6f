/// How a command is called: what its help says, and what its arguments are checked against.
struct Synopsis {
  /// An argument that begins with `--`, or a short one with `-`.
  struct Option {
    /// With the hyphens: `--json`, `-o`.
    let name: String
    /// What its value is called, if it takes one.
    var value: String?
    /// What it does, in a line.
    let help: String
  }

  /// The word that calls it.
  let name: String
  /// What it does, in a line.
  let summary: String
  /// What its other arguments are called, in order; a last one in `...` stands for one or more, one in
  /// brackets may be left out, and `[NAME...]` stands for any number.
  let operands: [String]
  /// Its options.
  var options: [Option] = []
  /// What else there is to know: paragraphs of at most 80 columns.
  let details: String

  /// The option for the texts of a safetensors file, of all commands that write.
  static let metadata = Option(
    name: "--metadata", value: "NAME=TEXT", help: "A text about a safetensors file; repeatable.")
  /// The option for what a format cannot hold, of `convert`, `merge` and `average`.
  static let omitUnsupported = Option(
    name: "--omit-unsupported", help: "Leave out what cannot be held.")
  /// The option for the names of objects' variables.
  static let fullNames = Option(
    name: "--full-names", help: "Names as Keras has them, not keys of objects.")
  /// The option for a part of a tensor.
  static let slice = Option(
    name: "--slice", value: "SLICE", help: "Only this part: '0,2:-' is 2 rows from 0 on.")

  /// How it is called, in a line: `usage: checkpoint list PREFIX [--json]`.
  var usageLine: String {
    let shown = options.map { option in
      "[\(option.name)\(option.value.map { " \($0)" } ?? "")]"
    }
    return (["usage: checkpoint", name] + operands + shown).joined(separator: " ")
  }

  /// The help of the command.
  var help: String {
    var text = "\(usageLine)\n\n\(summary)\n\n\(details)\n"
    guard !options.isEmpty else { return text }
    let width = options.map { Self.label($0).count }.max() ?? 0
    text += "\nOptions:\n"
    for option in options {
      text += "  \(Self.label(option).paddedRight(to: width))  \(option.help)\n"
    }
    return text
  }

  private static func label(_ option: Option) -> String {
    option.name + (option.value.map { " \($0)" } ?? "")
  }
}
