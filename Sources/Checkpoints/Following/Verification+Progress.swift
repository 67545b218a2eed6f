import CheckpointStore
public import CheckpointIO

extension Verification {
  /// Checks a checkpoint; followed by the thread's current `Progress`, if there is one, which can cancel it.
  ///
  /// - Parameters:
  ///   - path: As for ``CheckpointReader/init(_:)``.
  ///   - progress: Called every few megabytes, from any thread but one at a time, with the number of
  ///     bytes that have been checked, and of all there are.
  /// - Throws: `notACheckpoint` if there is none; `io` if the system refuses to open or to read any of it,
  ///   with all problems that were found; `notFound` if it was deleted meanwhile, and `busy` if it is
  ///   replaced again and again, unless what was open is whole; `unsupported` if it is of a later version;
  ///   `cancelled` if its progress is. Damage is a result, no error.
  public init(
    of path: String,
    progress: @escaping @Sendable (_ checked: UInt64, _ total: UInt64) -> Void = { _, _ in }
  ) throws(CheckpointError) {
    try self.init(
      of: path, fileSystem: LocalFileSystem(), follower: .current(), found: { _ in },
      progress: progress)
  }

  /// The same in a file system of the caller's choice.
  ///
  /// - Parameters:
  ///   - path: As for ``CheckpointReader/init(_:)``.
  ///   - fileSystem: Where.
  ///   - found: Called with what is checked, once it is known; again, if that went away.
  ///   - progress: As for ``init(of:progress:)``.
  /// - Throws: As ``init(of:progress:)``.
  package init(
    of path: String, fileSystem: any FileSystem, found: (CheckpointLocation) -> Void,
    progress: @escaping @Sendable (_ checked: UInt64, _ total: UInt64) -> Void
  ) throws(CheckpointError) {
    try self.init(
      of: path, fileSystem: fileSystem, follower: .current(), found: found, progress: progress)
  }
}
