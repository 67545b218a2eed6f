import CheckpointBundle
import CheckpointIO

/// Whether the files of a checkpoint are what they should be.
struct IntactCheck {
  private let fileSystem: any FileSystem

  init(_ fileSystem: any FileSystem) { self.fileSystem = fileSystem }

  /// Whether an error says that a checkpoint is damaged, rather than that something else is wrong.
  static func isDamage(_ error: CheckpointError) -> Bool {
    let damage: Set<CheckpointError.Code> = [.corrupt, .truncated, .limitExceeded, .notACheckpoint]
    if damage.contains(error.code) { return true }
    // A data file that is missing, and not a key.
    if error.code == .notFound, let file = error.file, DataFileName(Path(file).name) != nil {
      return true
    }
    return error.problems.contains(where: isDamage)
  }

  /// Looks at a checkpoint.
  ///
  /// - Throws: What is wrong with it.
  func check(_ path: String, _ check: CheckpointManager.Check) throws(CheckpointError) {
    guard check != .none else { return }
    let reader = try CheckpointReader(path, fileSystem: fileSystem).reader
    guard let problems = Self.findings(in: reader, check)?.problems else { return }
    // The system's refusal says nothing of the checkpoint.
    if let refusal = problems.problems.first(where: { $0.code == .io }) { throw refusal }
    let error = CheckpointError.combining(problems.problems, file: path) { _ in
      "\(problems.count) things are wrong with this checkpoint"
    }
    if let error { throw error }
  }

  // Opening a V1 or safetensors file has read its list of tensors, and found all files to be there.
  private static func findings(
    in reader: any TensorReader,
    _ check: CheckpointManager.Check
  ) -> VerificationFindings? {
    guard check == .files else { return Verification.findings(of: reader) { _, _ in } }
    return (reader as? BundleReader).map { BundleVerifier($0).verifyPlaces() }
  }

  /// The newest of several checkpoints that is intact.
  ///
  /// - Parameters:
  ///   - paths: The checkpoints, the newest first.
  ///   - check: How closely they are looked at.
  ///   - directory: Where they are.
  /// - Returns: The first that is; `nil` if there are none at all.
  /// - Throws: One error with every damage if none is intact; `io` if the system fails.
  func first(
    of paths: [String],
    _ check: CheckpointManager.Check,
    in directory: String
  ) throws(CheckpointError) -> String? {
    var damage: [CheckpointError] = []
    for path in paths {
      do throws(CheckpointError) {
        try self.check(path, check)
        return path
      } catch  where Self.isDamage(error) {
        damage.append(error.located(file: path))
      }
    }
    if let error = Self.nothingIntact(damage, directory) { throw error }
    return nil
  }

  /// The error that says that all checkpoints of a directory are damaged; `nil` if there are none.
  static func nothingIntact(
    _ errors: [CheckpointError],
    _ directory: String
  ) -> CheckpointError? {
    guard !errors.isEmpty else { return nil }
    var error = CheckpointError(
      .corrupt,
      "none of the \(errors.count) checkpoints is intact; nothing has changed, see whether a part of "
        + "one can be saved, or begin in another directory",
      file: directory
    )
    error.problems = errors
    return error
  }
}
