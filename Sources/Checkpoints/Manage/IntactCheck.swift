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
    guard check != .none, try CheckpointReader.format(at: path, fileSystem) != .v1 else { return }
    let reader = try BundleReader(prefix: path, fileSystem: fileSystem)
    let verifier = BundleVerifier(reader)
    let findings = check == .everything ? verifier.verify() : verifier.verifyPlaces()
    let problems = findings.problems.problems
    // The system's refusal says nothing of the checkpoint.
    if let refusal = problems.first(where: { $0.code == .io }) { throw refusal }
    let count = findings.problems.count
    let error = CheckpointError.combining(problems, file: path) { _ in
      "\(count) things are wrong with this checkpoint"
    }
    if let error { throw error }
  }
}
