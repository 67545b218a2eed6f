import CheckpointBundle
package import CheckpointIO
import CheckpointSafetensors

/// What a checkpoint cannot be called, since everybody would take it for something else.
///
/// TensorFlow writes an index and data files under any name. A V2 checkpoint called
/// `model.safetensors` would have the files `model.safetensors.index` and so on, and no program that
/// reads safetensors would find it; one called `model.index`, `model.index.index`.
package enum CheckpointName {
  /// Whether a path is that of a safetensors file, as far as the name tells.
  package static func isSafetensors(_ path: String) -> Bool {
    Path(path).name.lowercased().hasSuffix(".safetensors")
  }

  /// The path that a checkpoint is to be saved to, by what was asked for.
  ///
  ///     try path("run/model", number: 7, format: .v2)           // run/model-7
  ///     try path("run/model", number: 7, format: .safetensors)  // run/model-7.safetensors
  ///
  /// - Parameters:
  ///   - text: The path, or the text of its URL.
  ///   - number: What follows the name; `nil` for none.
  ///   - padding: How many digits a number has at least, with zeros in front.
  ///   - format: The format: a safetensors file gets its ending, if it has not got it.
  /// - Returns: The path.
  /// - Throws: What ``checked(_:)`` throws for TensorFlow's formats; `invalidArgument` for a path that the
  ///   format does not have.
  package static func path(
    _ text: String, number: Int? = nil, padding: Int = 0, format: CheckpointFormat
  ) throws(CheckpointError) -> String {
    let path: String
    switch format {
    case .v1, .v2: path = try checked(text)
    case .safetensors: path = withoutEnding(try PathText.path(text))
    case .modelDirectory: path = Path.withoutTrailingSlashes(try PathText.path(text))
    }
    try checkIsWhole(path)
    guard ![.safetensors, .modelDirectory].contains(format) || isName(Path(path).name) else {
      throw CheckpointError(.invalidArgument, "this cannot be the name of a checkpoint", file: path)
    }
    let numbered = number.map { CheckpointNaming.prefix(path, $0, padding: padding) } ?? path
    try checkIsNoPart(numbered + format.ending, format)
    return numbered + format.ending
  }

  /// Checks that a single file does not get the name of one of several, without which nobody would read it.
  ///
  /// Prefixes of V2 may be called so: TensorFlow's processes save to such, and an index counts first. So may
  /// the only file of one.
  ///
  /// - Throws: `invalidArgument` if it would.
  package static func checkIsNoPart(_ path: String, _ format: CheckpointFormat)
    throws(CheckpointError)
  {
    guard [.v1, .safetensors].contains(format), let parts = PartsName(part: Path(path).name),
      parts.count > 1
    else { return }
    throw CheckpointError(
      .invalidArgument,
      "this is the name of one of \(parts.count) files, which are read together only; give another "
        + "name, without the numbers of the file and of all files at its end", file: path)
  }

  /// Checks that a single V1 file does not get the name of the state file, which everybody takes it for.
  ///
  /// V2 and safetensors have other names for their files. Source: tensorflow/python/training/saver.py,
  /// `Saver.save`, which refuses the name of its state file.
  ///
  /// - Throws: `invalidArgument` if it would.
  package static func checkIsNoStateFile(_ path: String, _ format: CheckpointFormat)
    throws(CheckpointError)
  {
    guard format == .v1, CheckpointFileName(Path(path).name) == .state else { return }
    throw CheckpointError(
      .invalidArgument,
      "this is the name of the state file, and no checkpoint is looked for in it; give another name",
      file: path)
  }

  private static func withoutEnding(_ path: String) -> String {
    isSafetensors(path) ? String(path.dropLast(CheckpointFormat.safetensors.ending.count)) : path
  }

  private static func isName(_ name: String) -> Bool { !["", ".", ".."].contains(name) }

  /// The path that a checkpoint of TensorFlow's formats is to be saved to, by what was asked for.
  ///
  /// - Parameter text: The path, or the text of its URL: a number may follow.
  /// - Returns: The path.
  /// - Throws: What ``check(_:)`` throws; `unsupported` for a URL of another scheme than `file`.
  package static func checked(_ text: String) throws(CheckpointError) -> String {
    let path = try PathText.path(text)
    try check(path)
    return path
  }

  /// Checks the path that a checkpoint of TensorFlow's formats is to be saved to.
  ///
  /// - Parameter path: The path: a number may follow.
  /// - Throws: `unsupported` for the name of a safetensors file; `invalidArgument` for that of a single
  ///   file of a V2 checkpoint.
  package static func check(_ path: String) throws(CheckpointError) {
    guard !isSafetensors(path) else {
      throw CheckpointError(
        .unsupported,
        "this is the name of a safetensors file, and a checkpoint of TensorFlow's would be written; "
          + "give another name, or save as safetensors: SaveOptions(format: .safetensors)",
        file: path)
    }
    try checkIsWhole(path)
  }

  /// Checks that a path is not that of one file of a V2 checkpoint.
  ///
  /// - Throws: `invalidArgument` if it is.
  package static func checkIsWhole(_ path: String) throws(CheckpointError) {
    let name = Path(path).name
    guard name.removing(suffix: ModelIndex.ending) == nil else {
      throw CheckpointError(
        .invalidArgument,
        "this is the name of the index of a model; give the directory that it is in", file: path)
    }
    guard !name.hasSuffix(".index"), DataFileName(name) == nil else {
      throw CheckpointError(
        .invalidArgument,
        "this is the name of one file of a V2 checkpoint; give the prefix: 'run/ckpt-7' for "
          + "'run/ckpt-7.index'", file: path)
    }
  }
}
