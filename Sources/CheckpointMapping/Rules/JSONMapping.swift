public import CheckpointIO
import CheckpointTensors

// A mapping in JSON is a list of rules, each an object: <doc:MappingNames> describes them. Names are
// compared byte by byte, so that two spellings of one text are two names.

extension KeyMapping {
  /// Reads a mapping from JSON: a list of rules, as ``json()`` writes it.
  ///
  ///     let mapping = try KeyMapping(
  ///       json: #"[{"prefix": "bert/", "to": "encoder/"}, {"drop": {"regex": "Adam"}}]"#
  ///     )
  ///
  /// - Throws: `corrupt` for a text that is no such list: the message names line, rule and field, and
  ///   says what is allowed there; `limitExceeded` for more than 16 MiB.
  public init(json text: String) throws(CheckpointError) { try self.init(json: Array(text.utf8)) }

  /// Reads a mapping from a file of JSON.
  ///
  /// - Throws: As ``init(json:)`` does; `notFound` without such a file; `io` if the system fails.
  public init(jsonFile path: String) throws(CheckpointError) {
    let path = try PathText.path(path)
    do throws(CheckpointError) {
      try self.init(json: try Self.contents(of: path, LocalFileSystem()))
    } catch {
      throw error.located(file: path)
    }
  }

  /// Reads a mapping from what a person names on a command line: a file of JSON, or a pipe or device.
  ///
  /// - Throws: As ``init(jsonFile:)`` does.
  package init(jsonInput path: String) throws(CheckpointError) {
    let path = try PathText.path(path)
    do throws(CheckpointError) {
      try self.init(json: try NamedInput.bytes(of: path, atMost: Self.mostBytes + 1))
    } catch {
      throw error.located(file: path)
    }
  }

  private init(json text: [UInt8]) throws(CheckpointError) {
    do throws(CheckpointError) {
      guard text.count <= Self.mostBytes else { throw Self.tooLarge }
      rules = try Self.readRules(text)
    } catch {
      throw error.withLine(in: text)
    }
  }

  private static func readRules(_ text: [UInt8]) throws(CheckpointError) -> [Rule] {
    var json = try JSONScanner(text.span, subject: "text")
    json.skipSpace()
    try json.expect("[")
    var rules: [Rule] = []
    while try json.hasNext(isFirst: rules.isEmpty, end: "]") {
      do throws(CheckpointError) {
        rules.append(try RuleParser.read(&json))
      } catch {
        var error = error
        error.message = "rule \(rules.count + 1): \(error.message)"
        throw error
      }
    }
    json.skipSpace()
    guard json.next == nil else { throw json.unexpected("the end of the text") }
    return rules
  }

  private static func contents(of path: String, _ fileSystem: any FileSystem)
    throws(CheckpointError) -> [UInt8]
  {
    let file = try fileSystem.openFile(path)
    guard file.byteCount <= mostBytes else { throw tooLarge }
    return try file.bytes(at: 0, count: Int(file.byteCount))  // at most `mostBytes`
  }

  private static var tooLarge: CheckpointError {
    CheckpointError(
      .limitExceeded,
      "more than \(mostBytes) bytes of rules; a pattern can stand for the names that a rule lists")
  }

  private static let mostBytes = 16 << 20

  // MARK: Writing

  /// The mapping in JSON: a list of rules, one a line, for ``init(json:)``.
  ///
  /// The same rules give the same text; a scope rule is written as the prefix rule that it is.
  ///
  /// - Returns: The text, with a line feed at its end.
  /// - Throws: `unsupported` for rules that are functions, naming each.
  public func json() throws(CheckpointError) -> String {
    let problems = rules.enumerated().compactMap { number, rule in
      if case .custom = rule { Self.unwritable(number + 1) } else { nil }
    }
    let error = CheckpointError.combining(problems) { "\($0) rules cannot be written as JSON" }
    if let error { throw error }
    var text = JSONText()
    text.append("[")
    for (number, rule) in rules.enumerated() {
      text.append(number == 0 ? "\n  " : ",\n  ")
      text.append(rule: rule)
    }
    text.append(rules.isEmpty ? "]\n" : "\n]\n")
    return String(decoding: text.bytes, as: UTF8.self)
  }

  private static func unwritable(_ number: Int) -> CheckpointError {
    CheckpointError(
      .unsupported,
      "rule \(number) is a function, .custom, which cannot be written as JSON; "
        + "say it with .rename or .replace")
  }
}

extension CheckpointError {
  // People find lines, not bytes.
  fileprivate func withLine(in text: [UInt8]) -> CheckpointError {
    guard let offset else { return self }
    var error = self
    let line = 1 + text.prefix(Int(clamping: offset)).count { $0 == UInt8(ascii: "\n") }
    error.message = "line \(line): \(message)"
    return error
  }
}
