import CheckpointPlans
import CheckpointIO
import Foundation

extension Saver {
  /// What a saver does beside writing the files of a checkpoint, which is a matter of ``SaveOptions``.
  ///
  ///     var settings = Saver.Settings()
  ///     settings.retention = .latest(3).or(.everyHours(2))
  ///     let saver = try Saver([kernel, bias], settings: settings)
  public struct Settings: Sendable {
    /// Which of the checkpoints that this saver has saved stay: the latest five by default, as in
    /// TensorFlow.
    ///
    /// Each directory counts for itself. What was there before the saver, or was saved by others, is
    /// not touched; see ``Saver/recoverHistory(in:named:)``.
    public var retention = RetentionPolicy.latest(5)
    /// Whether a saver may have no variables: it saves and restores nothing then.
    public var allowsEmpty = false
    /// Whether all restores may put a tensor into a variable of another shape with as many elements.
    public var allowsReshape = false
    /// How many digits a step number has at least, with zeros in front.
    ///
    /// None are added by default; TensorFlow's `pad_step_number` means 8.
    public var stepPadding = 0
    /// Whether the directory's state file gets to know each save: it does by default.
    ///
    /// Old checkpoints are deleted in either case.
    public var updatesState = true
    /// The name of the state file; savers that share a directory need different ones.
    public var stateFilename = "checkpoint"
    /// Whether the state file has paths relative to its directory, so that both can be moved together:
    /// they are by default, other than in TensorFlow.
    public var savesRelativePaths = true
    /// What the names of files with graphs, which TensorFlow writes beside checkpoints, end in: they
    /// are deleted with them.
    public var metaGraphSuffix = "meta"
    /// The time, in seconds since 1970: the seam for tests.
    package var now: @Sendable () -> Double = { Date().timeIntervalSince1970 }
    // The names that a definition gave to operations of a graph.
    var graphNames = Saver.Definition()

    /// Creates the default settings.
    public init() {}
  }
}

extension Saver.Settings {
  /// Refuses what makes no sense.
  func check() throws(CheckpointError) {
    try retention.check()
    guard !metaGraphSuffix.utf8.contains(UInt8(ascii: "/")) else {
      throw CheckpointError(
        .invalidArgument,
        "'\(metaGraphSuffix)' cannot be what a file's name ends in; it is 'meta' in TensorFlow")
    }
  }
}
