import CheckpointIO

/// A save to a model directory.
enum ModelSave {
  /// Begins one: in the directory that is there, or to one that is to come.
  ///
  /// - Parameters:
  ///   - directory: The directory.
  ///   - options: How its files are written.
  /// - Returns: The save.
  /// - Throws: `pathConflict` if something else has the directory's name; what the save throws.
  static func begin(_ directory: String, options: FileOptions) throws(CheckpointError)
    -> any SafetensorsTransaction
  {
    let fileSystem = options.fileSystem
    switch try fileSystem.status(of: directory)?.kind {
    case .directory:
      return try StandingModelTransaction(directory, options: options)
    case nil where try fileSystem.entryStatus(of: directory) == nil:
      return try NewModelTransaction(directory, options: options)
    case let kind:
      let what = kind ?? .link
      throw CheckpointError(
        .pathConflict,
        "\(what) has the name of the model's directory; rename or remove it, or save elsewhere",
        file: directory)
    }
  }
}
