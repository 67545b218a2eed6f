// What an audit finds of a file.

extension CheckpointDirectory.AuditedFile {
  mutating func set(_ kind: Kind, _ note: String) { set(kind, AuditNote(note)) }

  mutating func set(_ checkpoint: AuditedCheckpoint) {
    set(checkpoint.kind, checkpoint.note)
    self.checkpoint = checkpoint.path
  }

  mutating func set(_ claim: AuditClaims.Claim) {
    switch claim {
    case .busy: set(.busy, "somebody is saving")
    case .dead: set(.leftover, "of a save that did not come to its end")
    case .none(let reason): note = reason
    }
  }
}
