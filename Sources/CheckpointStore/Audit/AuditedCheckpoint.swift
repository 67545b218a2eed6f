import CheckpointIO

/// A checkpoint of a directory, looked at: whether it is whole, and what its files were like then.
struct AuditedCheckpoint {
  /// What the directory has.
  let listed: ListedCheckpoint
  /// Whether it is whole.
  private(set) var kind = CheckpointDirectory.AuditedFile.Kind.complete
  /// What is wrong.
  private(set) var note: String?
  /// How many data files its index counts, of V2.
  private(set) var shardCount: Int?
  private let statuses: [FileStatus]

  /// Looks at a checkpoint.
  ///
  /// - Returns: `nil` if it has gone.
  /// - Throws: `io` if the system refuses.
  init?(_ listed: ListedCheckpoint, _ check: CheckpointCheck, _ fileSystem: any FileSystem)
    throws(CheckpointError)
  {
    guard let files = try CommittedFiles(of: listed.path, fileSystem) else { return nil }
    self.listed = listed
    statuses = files.present.map(\.status)
    guard listed.missing.isEmpty else {
      kind = .torn
      note = "parts of it are missing: \(NameList.text(listed.missing))"
      return
    }
    do throws(CheckpointError) {
      try look(at: listed.path, check, fileSystem)
    } catch  where !error.saysNothingOfContent {
      (kind, note) = (error.code == .busy ? .busy : .torn, "\(error)")
    }
  }

  private mutating func look(
    at path: String, _ check: CheckpointCheck, _ fileSystem: any FileSystem
  ) throws(CheckpointError) {
    try CheckpointOpening(prefix: path, fileSystem).read { opened throws(CheckpointError) in
      if opened.reader.format == .v2 { shardCount = opened.reader.shardCount }
      try IntactCheck(fileSystem).check(opened.reader, check)
    }
  }

  /// Whether its files are the same as they were.
  func isUnchanged(_ fileSystem: any FileSystem) throws(CheckpointError) -> Bool {
    try CommittedFiles(of: listed.path, fileSystem)?.present.map(\.status) == statuses
  }
}
