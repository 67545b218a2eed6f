import CheckpointStore
import CheckpointTensors
import CheckpointIO
import Checkpoints

/// The arguments of a command, sorted into options and operands.
struct ArgumentScanner {
  /// The operands, as bytes.
  private(set) var operands: [[UInt8]] = []
  private(set) var options: [String: [String]] = [:]
  private let synopsis: Synopsis

  /// Sorts arguments: options may stand anywhere before `--`.
  ///
  /// - Throws: `invalidArgument` for options that the command does not have, or that are not UTF-8, and
  ///   for too few or too many operands.
  init(_ arguments: [[UInt8]], for synopsis: Synopsis) throws(CheckpointError) {
    self.synopsis = synopsis
    var rest = arguments[...]
    while let argument = rest.popFirst() {
      if argument == Array("--".utf8) {
        operands += rest
        break
      } else if argument.count > 1, argument.first == UInt8(ascii: "-") {
        try addOption(validText(argument, of: "the option"), &rest)
      } else {
        operands.append(argument)
      }
    }
    if !asksForHelp { try checkCount() }
  }

  /// Whether the command is to explain itself.
  var asksForHelp: Bool { has("--help") }

  /// Whether an option was given.
  func has(_ option: String) -> Bool { options[option] != nil }

  /// The value of an option; `nil` if it was not given, the last if it was given twice.
  func value(of option: String) -> String? { options[option]?.last }

  /// An operand that is a path.
  ///
  /// - Throws: `invalidArgument` if it is not UTF-8.
  func path(_ position: Int) throws(CheckpointError) -> String {
    guard let path = String(validating: operands[position], as: UTF8.self) else {
      throw misuse("the path '\(TensorName.shown(operands[position]))' is not UTF-8")
    }
    return path
  }

  /// The operands from a position on, which are paths.
  ///
  /// - Throws: As ``path(_:)``.
  func paths(from position: Int) throws(CheckpointError) -> [String] {
    var paths: [String] = []
    for index in operands.indices.dropFirst(position) { paths.append(try path(index)) }
    return paths
  }

  /// The operands from a position on: names and patterns of tensors.
  func names(from position: Int) -> [[UInt8]] { Array(operands.dropFirst(position)) }

  private mutating func addOption(_ text: String, _ rest: inout ArraySlice<[UInt8]>)
    throws(CheckpointError)
  {
    let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    let name = text == "-h" ? "--help" : String(parts[0])  // `split` gives at least one part
    if name == "--help" {
      options[name] = []
      return
    }
    guard let option = synopsis.options.first(where: { $0.name == name }) else {
      throw misuse("there is no option '\(name)'; names that begin with '-' go after '--'")
    }
    let value = parts.count == 2 ? String(parts[1]) : nil
    if let what = option.value {
      if let value {
        options[name, default: []].append(value)
      } else if let next = rest.popFirst() {
        options[name, default: []].append(try validText(next, of: "the value of '\(name)'"))
      } else {
        throw misuse("the option '\(name)' needs a value: \(name) \(what)")
      }
    } else {
      guard value == nil else { throw misuse("the option '\(name)' takes no value") }
      options[name] = []
    }
  }

  private func validText(_ bytes: [UInt8], of what: String) throws(CheckpointError) -> String {
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw misuse("\(what) '\(TensorName.shown(bytes))' is not UTF-8")
    }
    return text
  }

  private func checkCount() throws(CheckpointError) {
    let wanted = synopsis.operands
    guard operands.count >= wanted.count(where: { !$0.hasPrefix("[") }) else {
      throw misuse("\(wanted[operands.count]) is missing")
    }
    guard wanted.last?.contains("...") == true || operands.count <= wanted.count else {
      let surplus = TensorName.shown(operands[wanted.count])
      throw misuse("the argument '\(surplus)' is one too many")
    }
  }

  /// The error for arguments that make no sense together: what is wrong, and how the command is called.
  func misuse(_ finding: String) -> CheckpointError {
    CheckpointError(.invalidArgument, "\(synopsis.name): \(finding)\n\(synopsis.usageLine)")
  }
}
