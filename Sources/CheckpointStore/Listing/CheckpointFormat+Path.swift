package import CheckpointIO

extension CheckpointFormat {
  /// What kind of checkpoint there is at a prefix, file, directory, or pattern of parts; `nil` if there is
  /// none.
  ///
  /// As in TensorFlow, an index counts before a file of the path itself.
  ///
  /// - Throws: `io` if the system refuses.
  package init?(at path: String, _ fileSystem: any FileSystem) throws(CheckpointError) {
    guard let files = try CommittedFiles(of: path, fileSystem) else { return nil }
    guard !files.isIndex else {
      self = .v2
      return
    }
    guard !files.isModel else {
      self = .modelDirectory
      return
    }
    // A part that is cut short has no format; the other parts tell.
    for file in files.present {
      guard let format = try CheckpointFormat(ofFile: file.path, fileSystem) else { continue }
      self = format
      return
    }
    return nil
  }
}
