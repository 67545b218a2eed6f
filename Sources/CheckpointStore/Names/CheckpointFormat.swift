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
