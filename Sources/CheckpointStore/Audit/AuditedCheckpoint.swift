package import CheckpointIO

/// A checkpoint, looked at: whether it is whole, and what its files were like then.
package struct AuditedCheckpoint {
  /// Its path.
  let path: String
  /// Whether it is whole.
  private(set) var kind = CheckpointDirectory.AuditedFile.Kind.complete
  /// What is wrong.
  private(set) var note: AuditNote?
  /// Whether it has an index: it is one of V2.
  let isBundle: Bool
  /// How many data files its index counts, of V2.
  private(set) var shardCount: Int?
  private let statuses: [FileStatus]

  /// Looks at a checkpoint.
  ///
  /// - Returns: `nil` if there is none, or if it has gone.
  /// - Throws: `io` if the system refuses.
  init?(at path: String, _ check: CheckpointCheck, _ fileSystem: any FileSystem)
    throws(CheckpointError)
  {
    guard let files = try CommittedFiles(of: path, fileSystem) else { return nil }
    self.path = path
    isBundle = files.isIndex
    statuses = files.present.map(\.status)
    guard files.missing.isEmpty else {
      kind = .torn
      let names = NameList.text(files.missing.map { Path($0).name })
      note = AuditNote("parts of it are missing: \(names)")
      return
    }
    do throws(CheckpointError) {
      try look(check, fileSystem)
    } catch  where !error.saysNothingOfContent {
      (kind, note) = (error.code == .busy ? .busy : .torn, AuditNote(error))
    }
  }

  private mutating func look(_ check: CheckpointCheck, _ fileSystem: any FileSystem)
    throws(CheckpointError)
  {
    try CheckpointOpening(prefix: path, fileSystem).read { opened throws(CheckpointError) in
      if opened.reader.format == .v2 { shardCount = opened.reader.shardCount }
      try IntactCheck(fileSystem).check(opened.reader, check)
    }
  }

  /// Whether the checkpoint at a path, wherever that is, is whole, or somebody is saving it.
  ///
  /// - Parameters:
  ///   - path: A prefix, a file, a directory, or the pattern of parts.
  ///   - check: How closely it is looked at.
  ///   - fileSystem: Where.
  /// - Returns: Whether it is; `false` if there is none.
  /// - Throws: `io` if the system refuses.
  package static func isWhole(
    at path: String, _ check: CheckpointCheck, _ fileSystem: any FileSystem
  ) throws(CheckpointError) -> Bool {
    let found = try AuditedCheckpoint(at: path, check, fileSystem)
    return found.map { $0.kind != .torn } ?? false
  }

  /// Whether its files are the same as they were.
  func isUnchanged(_ fileSystem: any FileSystem) throws(CheckpointError) -> Bool {
    try CommittedFiles(of: path, fileSystem)?.present.map(\.status) == statuses
  }
}
