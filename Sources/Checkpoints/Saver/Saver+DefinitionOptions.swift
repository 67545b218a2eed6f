import CheckpointPlans
public import CheckpointIO

// The settings as TensorFlow's SaverDef message has them.

extension Saver {
  /// What this saver does, as TensorFlow would write it down: `as_saver_def`, `to_proto`.
  ///
  /// The names of its operations are those that ``Options/init(_:)`` got, else those of a saver that is
  /// alone in its graph. A ``RetentionPolicy`` can do more than the message can say: of other rules
  /// than the latest and one for each so many hours there is nothing in it.
  public var definition: Saver.Definition {
    var definition = options.graphNames
    definition.version = options.format == .v1 ? .v1 : .v2
    definition.isSharded = options.sharding != .none
    definition.maxToKeep = options.retention.latestCount ?? 0
    if let period = options.retention.period {
      definition.keepCheckpointEveryNHours = Float(period.seconds / 3600)
    } else {
      definition.keepCheckpointEveryNHours = Saver.Definition().keepCheckpointEveryNHours
    }
    return definition
  }
}

extension Saver.Options {
  /// Creates the options that a definition asks for: how many checkpoints stay, one file for each
  /// device or not, and the format.
  ///
  ///     let summary = try MetaGraphSummary(contentsOf: "run/model-1000.meta")
  ///     let options = try Saver.Options(summary.saverDefinition ?? Saver.Definition())
  ///
  /// - Parameter definition: The definition; its operations are not run.
  /// - Throws: `invalidArgument` for numbers that make no sense; `unsupported` for a format of the
  ///   future.
  public init(_ definition: Saver.Definition) throws(CheckpointError) {
    self.init()
    graphNames = definition
    sharding = definition.isSharded ? .perDevice : .none
    format = try definition.format
    retention = try definition.retention
  }
}

extension Saver.Definition {
  fileprivate var format: Saver.Format {
    get throws(CheckpointError) {
      switch version {
      case .v2: return .v2
      case .v1, .legacy: return .v1
      default:
        throw CheckpointError(
          .unsupported,
          "a saver's version \(version.rawValue) is not known; 1 and 2 are, and 0 for 1")
      }
    }
  }

  // With nothing to be kept TensorFlow deletes nothing.
  fileprivate var retention: RetentionPolicy {
    get throws(CheckpointError) {
      guard maxToKeep >= 0, keepCheckpointEveryNHours >= 0 else {
        throw CheckpointError(
          .invalidArgument,
          "\(maxToKeep) checkpoints, and one every \(keepCheckpointEveryNHours) hours, cannot be kept"
        )
      }
      // With no hours between them, every one stays.
      guard maxToKeep > 0, keepCheckpointEveryNHours > 0 else { return .all }
      let hours = RetentionPolicy.Period.hours(Double(keepCheckpointEveryNHours))
      return .latest(maxToKeep).or(.every(hours, anchored: .grid))
    }
  }
}

extension RetentionPolicy {
  /// How many of the latest stay; `nil` if that is no rule.
  fileprivate var latestCount: Int? {
    for case .latest(let count) in rules { return count }
    return nil
  }

  fileprivate var period: Period? {
    for case .every(let period, _) in rules { return period }
    return nil
  }
}
