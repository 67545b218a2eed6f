package import CheckpointIO
import CheckpointSafetensors
import CheckpointSlices

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
  /// An index of a model is known by its name.
  ///
  /// - Throws: `io` if the system refuses.
  package init?(ofFile path: String, _ fileSystem: any FileSystem) throws(CheckpointError) {
    guard try fileSystem.status(of: path)?.kind == .file else { return nil }
    guard path.removing(suffix: ModelIndex.ending) == nil else {
      self = .modelDirectory
      return
    }
    let file: any ReadableFile
    do throws(CheckpointError) {
      file = try fileSystem.openFile(path)
    } catch {
      guard error.code == .notFound else { throw error }
      return nil  // it went
    }
    try self.init(of: file)
  }
}
