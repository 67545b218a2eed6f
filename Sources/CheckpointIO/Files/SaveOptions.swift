/// How the files of a checkpoint are written.
public struct SaveOptions: Sendable {
  /// Whether a checkpoint survives a power cut as soon as saving it returns: it does by default.
  public var durability: Durability = .full
  /// Whether missing directories of the prefix are created: they are by default.
  public var createsDirectories = true
  /// What the files are written with: the seam for tests.
  package var fileSystem: any FileSystem = LocalFileSystem()

  /// Creates the default options.
  public init() {}
}
