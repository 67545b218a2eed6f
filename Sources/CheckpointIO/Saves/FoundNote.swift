/// What somebody finds in a lock file.
package enum FoundNote: Hashable, Sendable {
  /// The lock file is new: nobody has been at work here.
  case nothing
  /// It is empty, or has the beginning of a note: a save has been at work here, and what it was about to
  /// write is not known. A save that is not durable may leave that after a power cut.
  case beginning
  /// What the last owner was about to write.
  case whole(SaveNote)

  /// Whether a temporary file may be the last owner's, by what ``TemporaryName`` says of its name.
  package func covers(_ file: String) -> Bool {
    switch self {
    case .nothing: false
    // Files of a model have names that other saves have as well.
    case .beginning: !TemporaryName.isOfModel(file)
    case .whole(let note): note.files.contains(file)
    }
  }

  /// The data files that the last owner was about to write and to remove.
  package var dataFiles: SaveNote.DataFiles? {
    guard case .whole(let note) = self else { return nil }
    return note.dataFiles
  }
}
