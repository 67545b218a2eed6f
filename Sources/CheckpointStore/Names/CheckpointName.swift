import CheckpointBundle
package import CheckpointIO

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
          + "give another name, or write safetensors with SafetensorsWriter or CheckpointConversion",
        file: path)
    }
    try checkIsWhole(path)
  }

  /// Checks that a path is not that of one file of a V2 checkpoint.
  ///
  /// - Throws: `invalidArgument` if it is.
  package static func checkIsWhole(_ path: String) throws(CheckpointError) {
    let name = Path(path).name
    guard !name.hasSuffix(".index"), DataFileName(name) == nil else {
      throw CheckpointError(
        .invalidArgument,
        "this is the name of one file of a V2 checkpoint; give the prefix: 'run/ckpt-7' for "
          + "'run/ckpt-7.index'", file: path)
    }
  }
}
