import CheckpointPlans
import CheckpointMapping
public import CheckpointIO
public import Foundation

extension Saver {
  /// Saves the variables: ``save(to:step:)`` with a file URL.
  ///
  /// - Parameters:
  ///   - url: What the names of the files begin with.
  ///   - step: Goes behind it. Not negative.
  /// - Returns: What to restore from.
  /// - Throws: As with a path.
  @_documentation(visibility: internal)
  @discardableResult
  public func save(to url: URL, step: Int? = nil) throws(CheckpointError) -> URL {
    URL(checkpointPath: try save(to: url.checkpointPath, step: step))
  }

  /// Restores the variables: ``restore(from:mapping:options:)-(String,_,_)`` with a file URL.
  ///
  /// - Parameters:
  ///   - url: The prefix, or the file.
  ///   - mapping: How the names of the checkpoint become those of the variables.
  ///   - options: What is done with variables and values that do not fit.
  /// - Returns: What was restored, and which tensors of the checkpoint were not used.
  /// - Throws: As with a path.
  @_documentation(visibility: internal)
  @discardableResult
  public func restore(
    from url: URL, mapping: KeyMapping? = nil, options: RestoreOptions = RestoreOptions()
  ) throws(CheckpointError) -> RestoreReport {
    try restore(from: url.checkpointPath, mapping: mapping, options: options)
  }

  /// Restores the variables while the caller's actor does something else:
  /// ``restoreInBackground(from:mapping:options:progress:)`` with a file URL.
  ///
  /// - Parameters:
  ///   - url: The prefix.
  ///   - mapping: How the names of the checkpoint become those of the variables.
  ///   - options: What to do with variables and values that do not fit.
  ///   - progress: Is told how far the restore is, and can cancel it.
  /// - Returns: What was restored, and which tensors of the checkpoint were not used.
  /// - Throws: As with a path.
  @_documentation(visibility: internal)
  @discardableResult
  nonisolated(nonsending) public func restoreInBackground(
    from url: URL, mapping: KeyMapping? = nil, options: RestoreOptions = RestoreOptions(),
    progress: Progress? = nil
  ) async throws(CheckpointError) -> RestoreReport {
    try await restoreInBackground(
      from: url.checkpointPath, mapping: mapping, options: options, progress: progress)
  }

  /// Takes checkpoints for its own that an earlier process has saved: ``recoverHistory(from:)`` with file
  /// URLs.
  ///
  /// - Parameter urls: Their prefixes, oldest first.
  /// - Throws: As with paths.
  @_documentation(visibility: internal)
  @_disfavoredOverload
  public func recoverHistory(from urls: [URL]) throws(CheckpointError) {
    try recoverHistory(from: urls.checkpointPaths)
  }

  /// Takes the checkpoints of a directory for its own: ``recoverHistory(in:named:)`` with a file URL.
  ///
  /// - Parameters:
  ///   - directory: The directory.
  ///   - name: What the names begin with, before the step.
  /// - Throws: As with a path.
  @_documentation(visibility: internal)
  public func recoverHistory(in directory: URL, named name: String) throws(CheckpointError) {
    try recoverHistory(in: directory.checkpointPath, named: name)
  }

  /// Tells which checkpoints there are: ``setHistory(_:pinned:)`` with file URLs.
  ///
  /// - Parameters:
  ///   - urls: Their prefixes, oldest first.
  ///   - pinned: Whether they stay for good.
  /// - Throws: `unsupported` for URLs that lead elsewhere; `invalidArgument` for those without a scheme.
  @_documentation(visibility: internal)
  @_disfavoredOverload
  public func setHistory(_ urls: [URL], pinned: Bool = true) throws(CheckpointError) {
    setHistory(try urls.checkpointPaths, pinned: pinned)
  }
}

extension [URL] {
  /// The path of each.
  var checkpointPaths: [String] {
    get throws(CheckpointError) {
      try map { url throws(CheckpointError) in try url.checkpointPath }
    }
  }
}
