public import CheckpointIO
public import CheckpointStore
public import Foundation

extension Verification {
  /// Checks a checkpoint while the caller's actor does something else.
  ///
  ///     let verification = try await Verification.inBackground(of: "run/ckpt-7")
  ///
  /// - Parameters:
  ///   - path: As for ``CheckpointReader/init(_:)``.
  ///   - progress: Is told how far the check is, and can cancel it, as the caller's task can.
  /// - Returns: What was found.
  /// - Throws: As ``init(of:progress:)``.
  nonisolated(nonsending) public static func inBackground(
    of path: String, progress: Progress? = nil
  )
    async throws(CheckpointError) -> Verification
  {
    let background = BackgroundSteps(progress)
    return try await background.value {
      [follower = background.operation] () throws(CheckpointError) in
      try Verification(
        of: path, fileSystem: LocalFileSystem(), follower: follower, found: { _ in },
        progress: { _, _ in })
    }
  }
}
