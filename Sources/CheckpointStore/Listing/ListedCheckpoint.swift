package import CheckpointIO

/// A checkpoint that a directory has, as far as names and first bytes tell.
package struct ListedCheckpoint: Hashable, Sendable {
  /// What to open: the prefix of a V2 checkpoint; a file, which may be the index of a model; the pattern of
  /// parts; a directory with a model.
  package let path: String
  /// The format.
  package let format: CheckpointFormat
  /// What it is called, taken apart.
  package let name: NumberedName
  /// When its index, its file, or the last of its parts was written.
  package let modified: FileTime
  /// Whether it is an index without a byte, as failed saves of TensorFlow leave behind.
  package let isEmpty: Bool
  /// The names of its parts, if it is in several files without an index.
  package let parts: PartsName?
  /// The names of the parts that are not there.
  package let missing: [String]

  init(
    path: String, format: CheckpointFormat, name: NumberedName, modified: FileTime,
    isEmpty: Bool = false, parts: PartsName? = nil, missing: [String] = []
  ) {
    self.path = path
    self.format = format
    self.name = name
    self.modified = modified
    self.isEmpty = isEmpty
    self.parts = parts
    self.missing = missing
  }
}
