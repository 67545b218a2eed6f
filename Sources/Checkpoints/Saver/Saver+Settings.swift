import CheckpointPlans
import CheckpointIO
import CheckpointStore
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
    /// Each directory counts for itself. The saver does not touch checkpoints that were there
    /// before it or that others saved; see ``Saver/recoverHistory(in:named:)``.
    public var retention = RetentionPolicy.latest(5)
    /// Whether a saver may have no variables, and then saves and restores nothing.
    public var allowsEmpty = false
    /// Whether a tensor may go into a variable of another shape with as many elements.
    public var allowsReshape = false
    /// How many digits a step number has at least, with zeros in front.
    ///
    /// None are added by default; TensorFlow's `pad_step_number` means 8.
    public var stepPadding = 0
    /// Whether each save updates the directory's state file: it does by default.
    ///
    /// Old checkpoints are deleted in either case.
    public var updatesState = true
    /// The name of the state file; savers that share a directory need different names.
    public var stateFilename = "checkpoint"
    /// Whether paths in the state file are relative to its directory: they are by default.
    ///
    /// Then the directory can be moved together with its state file. In TensorFlow this is off by
    /// default.
    public var savesRelativePaths = true
    /// The ending of the graph files that TensorFlow writes beside checkpoints.
    ///
    /// A saver deletes these files together with their checkpoints.
    public var metaGraphSuffix = "meta"
    /// The time, in seconds since 1970: the seam for tests.
    package var now: @Sendable () -> Double = { Date().timeIntervalSince1970 }
    // The names that a definition gave to operations of a graph.
    var graphNames = MetaGraphSummary.SaverDefinition()

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
