import CheckpointIO
import Checkpoints

/// A conversion carried out for a person: with notes, progress, and a line in the end.
struct ConversionRun {
  let conversion: CheckpointConversion

  /// Plans a conversion; an error about a checkpoint that stands in the way says what to do.
  static func plan(
    _ sources: [String], to destination: String, _ options: CheckpointConversion.Options
  ) throws(CheckpointError) -> CheckpointConversion {
    try planned(destination, options) { () throws(CheckpointError) in
      try CheckpointConversion(
        merging: sources, to: destination, options: options, found: OpenedCheckpoint.report)
    }
  }

  /// Plans what `plan` plans to write; an error about a checkpoint that stands in the way says what to do.
  static func planned(
    _ destination: String, _ options: CheckpointConversion.Options,
    _ plan: () throws(CheckpointError) -> CheckpointConversion
  ) throws(CheckpointError) -> CheckpointConversion {
    do throws(CheckpointError) {
      return try plan()
    } catch {
      guard error.code == .pathConflict, !options.overwrites else { throw error }
      // What stands in the way all the same says so itself.
      try CheckpointConversion.checkIsReplaceable(destination, options)
      var error = error
      error.message += "; '--overwrite' replaces what is there"
      throw error
    }
  }

  /// Does it, and says what was written.
  func carryOut(_ output: StandardOutput) throws(CheckpointError) {
    for note in conversion.notes { StandardError.report("note: \(note)") }
    let bar = ProgressBar()
    defer { bar.clear() }
    try conversion.run { bar.show($0, of: $1) }
    bar.clear()
    let amount = "\(conversion.tensorCount.of("tensor")), \(conversion.byteCount.byteText)"
    let format = conversion.format.title
    try output.write("\(conversion.destination.shown) is written: \(format), \(amount)\n")
  }
}
