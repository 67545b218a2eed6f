/// Whether what has been saved survives a power cut.
public enum Durability: Sendable, Hashable {
  /// When a save returns, it is on the disk: the default.
  case full
  /// Nothing is waited for: after a power cut in the next half minute a checkpoint may be gone, and
  /// the one that it replaced with it. For scratch work. A killed process still loses nothing.
  case none
}

/// How the files of a checkpoint are written.
public struct SaveOptions: Sendable {
  /// Whether a checkpoint survives a power cut as soon as saving it returns: it does by default.
  public var durability: Durability = .full
  /// Whether missing directories of the prefix are created: they are by default.
  public var createsDirectories = true
  /// What the offset of each tensor in its data file is a multiple of, in bytes.
  ///
  /// 1, the default, leaves no gaps, as TensorFlow does. With 64, all tensors of a V2 checkpoint can be
  /// mapped into memory, whatever their neighbours are; TensorFlow reads it as any other. The gaps are
  /// zeros. It is positive.
  public var alignment = 1 {
    didSet { precondition(alignment > 0, "an alignment is positive, not \(alignment)") }
  }
  /// What the files are written with: the seam for tests.
  package var fileSystem: any FileSystem = LocalFileSystem()

  /// Creates the default options.
  public init() {}
}
