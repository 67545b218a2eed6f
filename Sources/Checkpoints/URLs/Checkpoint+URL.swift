import CheckpointPlans
import CheckpointMapping
public import CheckpointIO
public import Foundation

extension Checkpoint {
  /// Saves to a new, numbered checkpoint: ``save(to:)`` with a file URL.
  ///
  /// - Parameter url: What the names of the files begin with: `file:///run/ckpt` becomes
  ///   `file:///run/ckpt-1`.
  /// - Returns: The prefix.
  /// - Throws: As with a path.
  @_documentation(visibility: internal)
  @discardableResult
  public func save(to url: URL) throws(CheckpointError) -> URL {
    URL(checkpointPath: try save(to: url.checkpointPath))
  }

  /// Saves to exactly this prefix: ``write(to:)`` with a file URL.
  ///
  /// - Parameter url: What the names of the files begin with.
  /// - Returns: The prefix.
  /// - Throws: As with a path.
  @_documentation(visibility: internal)
  @discardableResult
  public func write(to url: URL) throws(CheckpointError) -> URL {
    URL(checkpointPath: try write(to: url.checkpointPath))
  }

  /// Restores the objects: ``restore(from:at:mapping:options:fileID:line:)-(String?,_,_,_,_,_)`` with a file URL.
  ///
  /// - Parameters:
  ///   - url: The prefix.
  ///   - place: The saved object that the root is restored from.
  ///   - mapping: How the names of the checkpoint become those of the variables.
  ///   - options: What to do with variables and values that do not fit.
  ///   - fileID: Where the call stands.
  ///   - line: The line of it.
  /// - Returns: What was restored and what was not.
  /// - Throws: As with a path.
  @_documentation(visibility: internal)
  public func restore(
    from url: URL, at place: String = "", mapping: KeyMapping? = nil,
    options: RestoreOptions = RestoreOptions(), fileID: String = #fileID, line: Int = #line
  ) throws(CheckpointError) -> LoadStatus {
    try restore(
      from: url.checkpointPath, at: place, mapping: mapping, options: options, fileID: fileID,
      line: line)
  }

  /// Restores the objects while the caller's actor does something else:
  /// ``restoreInBackground(from:at:mapping:options:progress:fileID:line:)`` with a file URL.
  ///
  /// - Parameters:
  ///   - url: The prefix.
  ///   - place: The saved object that the root is restored from.
  ///   - mapping: How the names of the checkpoint become those of the variables.
  ///   - options: What to do with variables and values that do not fit.
  ///   - progress: Is told how far the restore is, and can cancel it.
  ///   - fileID: Where the call stands.
  ///   - line: The line of it.
  /// - Returns: What was restored and what was not.
  /// - Throws: As with a path.
  @_documentation(visibility: internal)
  nonisolated(nonsending) public func restoreInBackground(
    from url: URL, at place: String = "", mapping: KeyMapping? = nil,
    options: RestoreOptions = RestoreOptions(), progress: Progress? = nil,
    fileID: String = #fileID, line: Int = #line
  ) async throws(CheckpointError) -> LoadStatus {
    try await restoreInBackground(
      from: url.checkpointPath, at: place, mapping: mapping, options: options, progress: progress,
      fileID: fileID, line: line)
  }

  /// Restores the objects, but not the save counter: ``read(from:at:mapping:options:fileID:line:)``
  /// with a file URL.
  ///
  /// - Parameters:
  ///   - url: The prefix.
  ///   - place: The saved object that the root is restored from.
  ///   - mapping: How the names of the checkpoint become those of the variables.
  ///   - options: What to do with variables and values that do not fit.
  ///   - fileID: Where the call stands.
  ///   - line: The line of it.
  /// - Returns: What was restored and what was not.
  /// - Throws: As with a path.
  @_documentation(visibility: internal)
  public func read(
    from url: URL, at place: String = "", mapping: KeyMapping? = nil,
    options: RestoreOptions = RestoreOptions(), fileID: String = #fileID, line: Int = #line
  ) throws(CheckpointError) -> LoadStatus {
    try read(
      from: url.checkpointPath, at: place, mapping: mapping, options: options, fileID: fileID,
      line: line)
  }

  /// Compares a checkpoint with the objects: ``compare(with:at:mapping:)`` with a file URL.
  ///
  /// - Parameters:
  ///   - url: The prefix.
  ///   - place: The saved object that the root is compared with.
  ///   - mapping: How the names of the checkpoint become those of the variables.
  /// - Returns: What would be restored, and what would not.
  /// - Throws: As with a path.
  @_documentation(visibility: internal)
  public func compare(with url: URL, at place: String = "", mapping: KeyMapping? = nil)
    throws(CheckpointError) -> Checkpoint.Comparison
  {
    try compare(with: url.checkpointPath, at: place, mapping: mapping)
  }
}
