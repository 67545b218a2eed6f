/// The checkpoint that a person means by a path.
///
///     let location = try CheckpointLocation("run")
///     let reader = try CheckpointReader(location.path)  // run/ckpt-7
///
/// A path is, in this order:
/// - the prefix of a V2 checkpoint: `run/ckpt-7`;
/// - a directory: its newest checkpoint, as ``CheckpointDirectory/latest()`` finds it; if its state file
///   is damaged or leads nowhere, as without one; the model in safetensors files that it is of; the variables
///   of a SavedModel;
/// - a file of a checkpoint: `run/ckpt-7.index`, `run/ckpt-7.data-00000-of-00001`, `run/ckpt-7.meta`;
///   a V1 file, or any of several (`run/model.ckpt-00000-of-00002`), which stands for all of them; a
///   safetensors file; the index of a model (`model.safetensors.index.json`), or any file that it names;
/// - the pattern, or the prefix, of a V1 checkpoint or a model in several files:
///   `run/model.ckpt-?????-of-00002`, `run/model.ckpt`.
///
/// Paths are literal: no other character of them is a pattern.
package struct CheckpointLocation: Sendable, Hashable {
  /// What to open: the prefix of a V2 checkpoint, the file or the pattern of a V1 checkpoint, or a
  /// safetensors file.
  package let path: String
  /// How the path that was given led to it, if it is not itself what is opened.
  package let note: String?
  /// Whether it is the newest of a directory, which may be another one a moment later.
  let isNewest: Bool
  /// Whether nothing says so: no state file that names a checkpoint which is there.
  let isGuess: Bool

  init(path: String, note: String? = nil, isNewest: Bool = false, isGuess: Bool = false) {
    self.path = path
    self.note = note
    self.isNewest = isNewest
    self.isGuess = isGuess
  }
}

extension CheckpointLocation {
  /// Warns if nothing says that this is the checkpoint that was meant, once it has been restored.
  package func warnIfGuessed() {
    if isGuess, let note { CheckpointWarnings.warn(note) }
  }
}
