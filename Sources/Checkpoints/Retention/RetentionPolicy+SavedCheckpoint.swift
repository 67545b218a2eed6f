public import CheckpointStore
import CheckpointIO

extension RetentionPolicy {
  /// A checkpoint that was saved: what a ``RetentionPolicy`` needs to know to decide whether it stays.
  public struct SavedCheckpoint: Sendable, Hashable {
    /// The prefix; the file of a V1 checkpoint, or the pattern of its parts.
    public var path: String
    /// The step that it was saved at, if that is known: in most cases the number in its name.
    public var step: Int?
    /// When it was saved, in seconds since 1970.
    public var time: CheckpointDirectory.SecondsSince1970
    /// What was measured of it, by name: `["loss": 0.25]`.
    public var metrics: [String: Double]
    /// Whether it stays whatever a policy says, because somebody wants it to.
    public var isPinned: Bool
    /// Whether it stays whatever a policy says, because a period has kept it before.
    ///
    /// As with TensorFlow, what ``RetentionPolicy/every(_:anchored:)`` has kept when its turn came
    /// stays for good, also when the policy is another one later.
    public var isPreserved: Bool

    /// Describes a checkpoint.
    ///
    /// - Parameters:
    ///   - path: The prefix.
    ///   - step: The step that it was saved at.
    ///   - time: When it was saved, in seconds since 1970.
    ///   - metrics: What was measured of it, by name.
    ///   - isPinned: Whether somebody wants it to stay.
    ///   - isPreserved: Whether a period has kept it before.
    public init(
      path: String, step: Int? = nil, time: CheckpointDirectory.SecondsSince1970,
      metrics: [String: Double] = [:],
      isPinned: Bool = false, isPreserved: Bool = false
    ) {
      self.path = PathText.pathIfAny(path)
      self.step = step
      self.time = time
      self.metrics = metrics
      self.isPinned = isPinned
      self.isPreserved = isPreserved
    }
  }
}
