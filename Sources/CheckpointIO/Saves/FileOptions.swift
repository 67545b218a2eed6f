/// How files are written.
package struct FileOptions: Sendable {
  /// Whether what has been saved survives a power cut: what `SaveOptions.Durability`, which users choose, means
  /// to the modules below it.
  package enum Durability: Sendable, Hashable {
    /// When a save returns, it is on the disk.
    case full
    /// Nothing is waited for.
    case none
  }

  /// Whether a checkpoint survives a power cut as soon as saving it returns: it does by default.
  package var durability: Durability = .full
  /// Whether missing directories of the prefix are created: they are by default.
  package var createsDirectories = true
  /// What the offset of each tensor in its data file is a multiple of, in bytes; positive.
  package var alignment = 1
  /// What the files are written with: the seam for tests.
  package var fileSystem: any FileSystem = LocalFileSystem()

  /// Creates the default options.
  package init() {}
}
