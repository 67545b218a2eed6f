import CheckpointIO
import CheckpointTestSupport

extension FuzzTarget {
  /// The note in a lock file: written again, and cut short everywhere.
  package static let saveNote = FuzzTarget("note", mostBytes: 512, seeds: FuzzSeeds.notes) {
    bytes in
    _ = SaveNote.mayHaveBegun(bytes)
    guard let note = SaveNote(bytes) else { return }
    try promise(SaveNote.mayHaveBegun(bytes), "a note is taken for something else")
    let text = note.bytes
    guard let copy = SaveNote(text) else { throw BrokenPromise("a written note is none: \(note)") }
    try promise(copy.bytes == text, "the note \(note) is read as \(copy)")
    for count in text.indices {
      let isNote = SaveNote.mayHaveBegun(Array(text.prefix(count)))
      try promise(isNote, "\(count) bytes of a note are taken for something else")
    }
    for file in note.files {
      try promise(FoundNote.whole(note).covers(file), "\(file) is not noted")
    }
  }
}
