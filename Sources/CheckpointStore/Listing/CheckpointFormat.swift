package import CheckpointIO
import CheckpointSafetensors
import CheckpointSlices

/// What the files of a checkpoint are.
///
///     let format = try CheckpointReader("run/ckpt-7").format  // v2
///     let options = SaveOptions(format: .v1)
public enum CheckpointFormat: String, Sendable, Hashable, CaseIterable {
  /// An index and data files: TensorFlow's since 2016.
  case v2
  /// One sorted table of slices, or several: for programs that read nothing newer.
  ///
  /// It cannot hold every dtype, is larger, and keeps all values in memory while it is written. The
  /// file begins with the list of its tensors, so that nothing can be written before everything is
  /// known. Several files cannot be replaced in one step, so that a complete checkpoint of several is
  /// never overwritten.
  case v1
  /// A header and a buffer: the format of Hugging Face.
  ///
  /// It has whole tensors of numbers, no strings, and so no objects.
  case safetensors
  /// A directory with a model in safetensors files, several if it is large, and an index that names them: the
  /// form in which Hugging Face and MLX keep models.
  case modelDirectory = "model-directory"

  /// What the name of its one file ends in, behind the name of the checkpoint; empty for the others.
  package var ending: String { self == .safetensors ? ".safetensors" : "" }

  /// Whether it is one of TensorFlow's, which hold strings and object graphs.
  package var isTensorFlow: Bool { self == .v1 || self == .v2 }

  /// What people call it.
  package var title: String {
    switch self {
    case .v2: "V2"
    case .v1: "V1"
    case .safetensors: "safetensors"
    case .modelDirectory: "model directory"
    }
  }
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
    // A part that is cut is none; the others tell.
    for file in files.present {
      guard let format = try CheckpointFormat(ofFile: file.path, fileSystem) else { continue }
      self = format
      return
    }
    return nil
  }
}
