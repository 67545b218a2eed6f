import CheckpointBundle
package import CheckpointIO
import CheckpointSafetensors

/// The place where a converted checkpoint is to stand.
package struct ConversionTarget {
  private let path: String
  private let format: CheckpointFormat
  private let fileSystem: any FileSystem

  package init(_ path: String, _ format: CheckpointFormat, _ fileSystem: any FileSystem) {
    self.path = path
    self.format = format
    self.fileSystem = fileSystem
  }

  /// Checks that the place is one, and free.
  ///
  /// - Throws: `invalidArgument` or `unsupported` for a path that the format does not have;
  ///   `pathConflict` if a checkpoint would be replaced, or would hide the new one, and for a directory in the
  ///   place of a file.
  package func check(overwrites: Bool) throws(CheckpointError) {
    do throws(CheckpointError) {
      try checkForm()
      if format == .v2 { try checkHidesNothing() } else { try checkVisible() }
      guard try isTaken(), !overwrites else { return }
      throw CheckpointError(
        .pathConflict,
        "there is a checkpoint here already; allow it to be overwritten, or choose another name")
    } catch {
      throw error.located(file: path)
    }
  }

  // A model may be written to a directory that has no model; other files there stay. A file never replaces a
  // directory, nor a directory a file, even if replacing is allowed.
  private func isTaken() throws(CheckpointError) -> Bool {
    switch format {
    case .v2:
      let index = BundlePath(path).index
      guard let kind = try fileSystem.status(of: index)?.kind else { return false }
      guard kind != .directory else {
        throw CheckpointError(
          .pathConflict,
          "'\(Path(index).name)' beside it is a directory, where the index belongs; choose another "
            + "name")
      }
      return true
    case .modelDirectory:
      guard let kind = try fileSystem.status(of: path)?.kind else { return false }
      guard kind == .directory else {
        throw CheckpointError(
          .pathConflict,
          "\(kind) has the name of the model's directory; rename or remove it, or choose another name"
        )
      }
      let names = try fileSystem.namesInDirectory(path)
      return names.contains(where: SafetensorsWriter.isNameOfModel)
    case .v1, .safetensors: return try fileSystem.status(of: path) != nil
    }
  }

  private func checkForm() throws(CheckpointError) {
    guard !path.isEmpty else { throw CheckpointError(.invalidArgument, "the path is empty") }
    let isDirectory = try fileSystem.status(of: path)?.kind == .directory
    guard !isDirectory || format == .modelDirectory || format == .v2 && !endsAsDirectory else {
      throw CheckpointError(
        .pathConflict, "this is a directory; name the checkpoint that is to be written in it")
    }
    guard format != .modelDirectory || !CheckpointName.isSafetensors(path) else {
      throw CheckpointError(
        .invalidArgument,
        "this is the name of a safetensors file; give the directory that the model is to be in")
    }
    if format == .safetensors {
      guard !endsAsDirectory else {
        throw CheckpointError(
          .invalidArgument,
          "this path ends as that of a directory does; name the file that is to be written")
      }
      try checkBelongsToNoModel()
    } else {
      try CheckpointName.check(path)
    }
    try CheckpointName.checkIsWhole(path)
    try CheckpointName.checkIsNoPart(path, format)
    try CheckpointName.checkIsNoStateFile(path, format)
    guard SlicesPath(pattern: path) == nil else {
      throw CheckpointError(
        .invalidArgument,
        "this pattern stands for several files; a conversion writes one, give its name")
    }
  }

  // A file that belongs to a model in several files is only written together with the others.
  private func checkBelongsToNoModel() throws(CheckpointError) {
    let place = Path(path)
    guard let listing = try DirectoryListing(ofAny: place.directory, fileSystem: fileSystem),
      let owner = try listing.modelBeside(place.name)
    else { return }
    throw CheckpointError(
      .pathConflict,
      "beside it is a model in several files, '\(owner)', which this file would be taken for, or for a part of; "
        + "choose another name, or write to the directory: '--to model-directory'")
  }

  // `run` may be a directory and, beside it, the prefix of `run.index`; `run/` and `.` may not.
  private var endsAsDirectory: Bool { ["", ".", ".."].contains(Path(path).name) }

  // Whoever reads this path will get the new index first, so whatever the path leads to now would be out of
  // reach. A path that cannot be read leads nowhere.
  private func checkHidesNothing() throws(CheckpointError) {
    guard try !isTaken(), let standing = try standingElsewhere(),
      leadsToCheckpoint(standing)
    else { return }
    throw CheckpointError(
      .pathConflict,
      "this path leads to '\(standing)', and would lead to what is written beside it; choose another name, or, "
        + "if it is a directory, name the checkpoint that is to be written in it")
  }

  private func leadsToCheckpoint(_ standing: String) -> Bool {
    do throws(CheckpointError) {
      return try CheckpointFormat(at: standing, fileSystem) != nil
    } catch {
      return false
    }
  }

  // The checkpoint that the path leads to while there is no index.
  private func standingElsewhere() throws(CheckpointError) -> String? {
    guard try fileSystem.status(of: path) == nil else {
      return (try? CheckpointLocation(path, fileSystem: fileSystem))?.path
    }
    let place = Path(path)
    let listing = try? DirectoryListing(ofAny: place.directory, fileSystem: fileSystem)
    return (try? listing?.checkpoint(inPartsOf: place.name))?.path
  }

  private func checkVisible() throws(CheckpointError) {
    let index = BundlePath(path).index
    guard try fileSystem.status(of: index)?.kind == .file else { return }
    throw CheckpointError(
      .pathConflict,
      "there is an '\(Path(index).name)' beside it, which every reader of this path opens instead; "
        + "choose another name")
  }
}
