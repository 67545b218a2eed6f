public import CheckpointIO
public import Foundation

extension CheckpointError: LocalizedError {
  /// What `localizedDescription` says: all of ``description``, where Foundation would say that the
  /// operation could not be completed.
  public var errorDescription: String? { description }
}
