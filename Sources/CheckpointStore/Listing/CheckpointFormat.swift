package import CheckpointIO
import CheckpointSafetensors
import CheckpointSlices

/// The formats that checkpoints have.
public enum CheckpointFormat: String, Sendable, CaseIterable {
  /// TensorFlow's: an index and data files.
  case v2
  /// TensorFlow's older one: a sorted table, or several.
  case v1
  /// A header and a buffer.
  case safetensors
}

extension CheckpointFormat {
  /// The format of an open file, by its first and last bytes: V1, safetensors, or neither.
  ///
  /// A file that is damaged elsewhere counts: opening it says what is wrong. So does a safetensors file that
  /// ends within its header.
  ///
  /// - Throws: `io` if the system refuses.
  package init?(of file: any ReadableFile) throws(CheckpointError) {
    do throws(CheckpointError) {
      if try SlicesReader.recognizes(file) {
        self = .v1
      } else if try SafetensorsReader.recognizes(file) {
        self = .safetensors
      } else {
        return nil
      }
    } catch {
      guard !error.saysNothingOfContent else { throw error }
      return nil  // it is neither, or became shorter
    }
  }

  /// The format of the file of a path; `nil` as well if there is no file.
  ///
  /// - Throws: `io` if the system refuses.
  package init?(ofFile path: String, _ fileSystem: any FileSystem) throws(CheckpointError) {
    guard try fileSystem.status(of: path)?.kind == .file else { return nil }
    let file: any ReadableFile
    do throws(CheckpointError) {
      file = try fileSystem.openFile(path)
    } catch {
      guard error.code == .notFound else { throw error }
      return nil  // it went
    }
    try self.init(of: file)
  }

  /// What kind of checkpoint there is at a prefix, file, or pattern of parts; `nil` if there is none.
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
    // A part that is cut is none; the others tell.
    for file in files.present {
      guard let format = try CheckpointFormat(ofFile: file.path, fileSystem) else { continue }
      self = format
      return
    }
    return nil
  }
}
