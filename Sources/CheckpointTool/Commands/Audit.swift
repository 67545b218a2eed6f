import CheckpointIO
import CheckpointStore
import Checkpoints

/// `checkpoint audit`: what every file in a directory of checkpoints is.
struct Audit: Command {
  static let synopsis = Synopsis(
    name: "audit", summary: "Tells what every file of a directory is, and repairs the state file.",
    operands: ["DIRECTORY"],
    options: [
      Synopsis.Option(name: "--repair", help: "Rebuild the state file, remove leftovers."),
      Synopsis.Option(name: "--name", value: "NAME", help: "What managed ones are called: 'ckpt'."),
      Synopsis.Option(
        name: "--keep", value: "N,H", help: "Show what stays of the latest N (every H hours)."),
      Synopsis.Option(name: "--json", help: "One JSON object, for programs."),
    ],
    details: """
      A line for each file: what it is, its size, its name, and why.

        complete  of a checkpoint that is whole, as far as its index and sizes tell
        torn      of a checkpoint that cannot be restored as it is
        orphan    a data file that no index counts
        leftover  of a save that did not come to its end
        busy      of a save that is under way
        record    the state file, or a manager's history
        misleading  a state file that leads to no whole checkpoint
        unread    what the system refused to read, and the files of its checkpoint
        foreign   anything else

      With --repair the state file is rebuilt if it is lost, damaged or leads to no
      whole checkpoint. One that names a whole checkpoint stays, also if that is not
      the newest, or lies in another directory; but if a save after it has died before
      it could say so, it names what was saved. What dead saves of this library have
      left is removed. Checkpoints and foreign files are never touched. While what may
      be a newer checkpoint cannot be read, the state file stays as it is.

      With --keep 5, or --keep 5,2 to keep one every 2 hours as well, a line for each
      managed checkpoint says whether it would stay, and why. Nothing is deleted.

      The exit status is 0 if nothing is torn, misleading or an orphan, and 1 if
      something is. What the system refused to read is none of these: then it is 3,
      and everything else is still told.

      With --json an object of "files" (each with "name", "kind" as above, "bytes"
      and, null if not known, "checkpoint" and "note"), "plan" (each with "path",
      "stays" and "reasons"; empty without --keep), and "actions", what a repair has
      done.
      """)

  private let path: String
  private let repairs: Bool
  private let isJSON: Bool
  private let name: String?
  private let policy: RetentionPolicy?

  init(_ arguments: ArgumentScanner) throws(CheckpointError) {
    path = try arguments.path(0)
    repairs = arguments.has("--repair")
    isJSON = arguments.has("--json")
    name = arguments.value(of: "--name")
    policy = try Self.policy(arguments)
  }

  private static func policy(_ arguments: ArgumentScanner) throws(CheckpointError)
    -> RetentionPolicy?
  {
    guard let text = arguments.value(of: "--keep") else { return nil }
    let parts = text.split(separator: ",", omittingEmptySubsequences: false)
    guard let count = parts.first.flatMap({ Int($0) }), count > 0, parts.count <= 2 else {
      throw misuse(text)
    }
    guard parts.count == 2 else { return .latest(count) }
    guard let hours = Double(parts[1]), hours > 0 else { throw misuse(text) }
    return .latest(count).or(.everyHours(hours))
  }

  private static func misuse(_ value: String) -> CheckpointError {
    CheckpointError(
      .invalidArgument,
      "audit: --keep needs a number, or two, of more than 0, as 5 or 5,2; not '\(value)'")
  }

  func run(_ output: StandardOutput) throws(CheckpointError) -> ExitStatus {
    try checkIsDirectory()
    var audit = try CheckpointDirectory.Audit(of: path, name: name)
    var (actions, failure): ([String], CheckpointError?) = ([], nil)
    if repairs {
      do throws(CheckpointError) {
        actions = try audit.repair()
      } catch {
        (actions, failure) = (try audit.removals(), error)
      }
      audit = try CheckpointDirectory.Audit(of: path, name: name)
    }
    if isJSON {
      try writeJSON(audit, actions, output)
    } else {
      try writeText(audit, actions, output)
    }
    if let error = failure ?? Self.refusal(audit) { throw error }
    let findings: Set<CheckpointDirectory.AuditedFile.Kind> = [.torn, .misleading, .orphan]
    let isSound = !audit.files.contains { findings.contains($0.kind) }
    return isSound ? .success : .failure
  }

  private static func refusal(_ audit: CheckpointDirectory.Audit) -> CheckpointError? {
    CheckpointError.combining(
      audit.problems.filter { $0.code == .io }, file: audit.directory
    ) { "\($0) files could not be read, so nobody knows what they are; let this user read them" }
  }

  private func checkIsDirectory() throws(CheckpointError) {
    let place = try PathText.path(path)
    let kind = try LocalFileSystem().status(of: place)?.kind
    let isPrefix = kind == nil && (try? CheckpointReader(place)) != nil
    guard isPrefix || kind != nil && kind != .directory else { return }
    let what = kind.map { "\($0)" } ?? "a checkpoint"
    throw CheckpointError(
      .invalidArgument,
      "audit: '\(path.shown)' is \(what), and no directory; give the directory that it is in\n"
        + Self.synopsis.usageLine)
  }

  // MARK: For people

  private func writeText(
    _ audit: CheckpointDirectory.Audit, _ actions: [String], _ output: StandardOutput
  )
    throws(CheckpointError)
  {
    for action in actions { try output.write("\(action.shown)\n") }
    var table = TextTable([.left(), .right(), .left()])
    for file in audit.files {
      let note = file.shortNote.map { "  (\($0.shown))" } ?? ""
      let cells = [file.kind.rawValue, file.byteCount.byteText, file.name.shown + note]
      table.add(cells.map { TextTable.Cell($0) })
    }
    try table.forEachLine { line throws(CheckpointError) in try output.write(line + "\n") }
    for decision in policy.map({ audit.plan($0).decisions }) ?? [] {
      try output.write("\(decision.description.shown)\n")
    }
    try output.write(Self.summary(audit))
  }

  private static func summary(_ audit: CheckpointDirectory.Audit) -> String {
    let counts = CheckpointDirectory.AuditedFile.Kind.allCases.compactMap { kind -> String? in
      let count = audit.files.count { $0.kind == kind }
      return count == 0 ? nil : "\(count) \(kind.rawValue)"
    }
    let paths = audit.files.filter { $0.kind == .complete }.compactMap(\.checkpoint)
    let whole = Set(paths.map(FileName.init))
    let files = counts.isEmpty ? "no files" : counts.joined(separator: ", ")
    return "\(whole.count.of("checkpoint")); \(files)\n"
  }

  // MARK: For programs

  private func writeJSON(
    _ audit: CheckpointDirectory.Audit, _ actions: [String], _ output: StandardOutput
  )
    throws(CheckpointError)
  {
    let files = audit.files.map { file -> JSONValue in
      [
        "name": .string(file.name), "kind": .string(file.kind.rawValue),
        "bytes": .number(file.byteCount), "checkpoint": .stringIfAny(file.checkpoint),
        "note": .stringIfAny(file.note),
      ]
    }
    let plan = (policy.map { audit.plan($0).decisions } ?? []).map { decision -> JSONValue in
      [
        "path": .string(decision.checkpoint.path), "stays": .bool(decision.stays),
        "reasons": .strings(decision.reasons),
      ]
    }
    let all: JSONValue = [
      "files": .array(files), "plan": .array(plan), "actions": .strings(actions),
    ]
    try output.write(all.text + "\n")
  }
}
