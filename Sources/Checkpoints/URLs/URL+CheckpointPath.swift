import CheckpointIO
import Foundation

// Everything that takes a path takes a file URL as well: the overloads in this directory hand its path on.
// They are left out of the documentation, in which every link would have two ends.

extension URL {
  /// The path of a file URL; without a slash at the end, which Foundation adds where a directory is.
  ///
  /// - Throws: `unsupported` for a URL that leads elsewhere; `invalidArgument` for one without a scheme.
  var checkpointPath: String {
    get throws(CheckpointError) {
      let text = absoluteString
      var path = try PathText.path(text)
      // `file:/run/m` is a URL, but no text that is taken for one.
      if path.utf8.elementsEqual(text.utf8) { path = self.path }
      guard isFileURL, Path.isAbsolute(path) else {
        throw CheckpointError(
          .invalidArgument, "this is no file URL; URL(filePath:) makes one of a path", file: text)
      }
      return Path.withoutTrailingSlashes(path)
    }
  }

  /// The file URL of what is saved.
  init(checkpointPath path: String) { self.init(filePath: path, directoryHint: .notDirectory) }
}
