extension CheckpointDirectory {
  /// A file of a directory of checkpoints, or a directory in it, and what it is.
  ///
  ///     for file in try CheckpointDirectory.Audit(of: "run").files { print(file.kind, file.name) }
  public struct AuditedFile: Sendable, Hashable, CustomStringConvertible {
    /// What a file is.
    public enum Kind: String, Sendable, CaseIterable {
      /// A file of a checkpoint that is whole.
      case complete
      /// A file of a checkpoint that cannot be restored as it is.
      case torn
      /// A data file that no index counts.
      case orphan
      /// What a save has left that did not come to its end.
      case leftover
      /// A file of a save that is under way.
      case busy
      /// A file beside the checkpoints: the state file, a manager's history.
      case record
      /// A state file that is damaged, or names no checkpoint that is whole.
      case misleading
      /// What the system refused to read, or a file of a checkpoint of which it refused to read one: nobody
      /// knows what it is.
      case unread
      /// Anything else.
      case foreign
    }

    /// Its name in the directory.
    public var name: String
    /// What it is.
    public var kind: Kind
    /// How many bytes it has.
    public var byteCount: UInt64
    /// The prefix of the checkpoint that it belongs to.
    public var checkpoint: String?
    /// What else there is to say of it; a line for each problem, if its checkpoint has several.
    public var note: String?
    // The note as it was found, of which there is a short form.
    private var found: AuditNote?
    /// The note in one line: of several problems the first.
    package var shortNote: String? { found?.text == note ? found?.summary : note }

    init(name: String, kind: Kind, byteCount: UInt64) {
      (self.name, self.kind, self.byteCount) = (name, kind, byteCount)
    }

    /// Takes down what it is, and why.
    mutating func set(_ kind: Kind, _ note: AuditNote?) {
      (self.kind, self.note, found) = (kind, note?.text, note)
    }

    /// One line: the kind, the name, and the note, of several problems the first.
    public var description: String {
      "\(kind.rawValue): \(name)" + (shortNote.map { ": \($0)" } ?? "")
    }
  }
}
