public import CheckpointIO
public import CheckpointPlans
public import CheckpointStore

// The settings as TensorFlow's SaverDef message has them.

extension Saver {
  /// What this saver does, as TensorFlow would write it down: `as_saver_def`, `to_proto`.
  ///
  /// The names of its operations are those that ``Settings/init(_:)`` got, else those of a saver that
  /// is alone in its graph. A ``RetentionPolicy`` can do more than the message can say: of other rules
  /// than the latest and one for each so many hours there is nothing in it.
  public var definition: MetaGraphSummary.SaverDefinition {
    var definition = settings.graphNames
    definition.version = options.format == .v1 ? .v1 : .v2
    definition.isSharded = options.sharding != .none
    definition.maxToKeep = settings.retention.latestCount ?? 0
    definition.keepCheckpointEveryNHours =
      settings.retention.period.map { Float($0.seconds / 3600) }
      ?? MetaGraphSummary.SaverDefinition().keepCheckpointEveryNHours
    return definition
  }
}

extension Saver.Settings {
  /// Creates the settings that a definition asks for: how many checkpoints stay.
  ///
  ///     let summary = try MetaGraphSummary(contentsOf: "run/model-1000.meta")
  ///     let definition = summary.saverDefinition ?? MetaGraphSummary.SaverDefinition()
  ///     let saver = try Saver(
  ///       [kernel, bias], settings: Saver.Settings(definition),
  ///       options: SaveOptions(definition))
  ///
  /// - Parameter definition: The definition; its operations are not run.
  /// - Throws: `invalidArgument` for numbers that make no sense.
  public init(_ definition: MetaGraphSummary.SaverDefinition) throws(CheckpointError) {
    self.init()
    graphNames = definition
    retention = try definition.retention
  }
}

extension SaveOptions {
  /// Creates the options that a definition asks for: one file for each device or not, and the format.
  ///
  /// - Parameter definition: The definition.
  /// - Throws: `unsupported` for a format of the future.
  public init(_ definition: MetaGraphSummary.SaverDefinition) throws(CheckpointError) {
    self.init(format: try definition.format, sharding: definition.isSharded ? .perDevice : .none)
  }
}

extension MetaGraphSummary.SaverDefinition {
  fileprivate var format: CheckpointFormat {
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
      let hours = Double(keepCheckpointEveryNHours)
      return .latest(maxToKeep).or(.everyHours(hours, anchored: .grid))
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
