import CheckpointIO
import CheckpointStore
import Checkpoints

/// A conversion carried out for a person: with notes, progress, and a line in the end.
struct ConversionRun {
  let conversion: CheckpointConversion

  /// Plans a conversion; an error about what an option changes names the option.
  ///
  /// - Parameters:
  ///   - sources: The checkpoints.
  ///   - destination: Where the new one is to be.
  ///   - options: What to write.
  ///   - canOmit: Whether there is an option that leaves out tensors which the format cannot hold.
  /// - Returns: The plan.
  /// - Throws: What planning throws.
  static func plan(
    _ sources: [String], to destination: String, _ options: CheckpointConversion.Options,
    canOmit: Bool = true
  ) throws(CheckpointError) -> CheckpointConversion {
    try planned(destination, options, canOmit: canOmit) {
      options, found throws(CheckpointError) in
      try CheckpointConversion(merging: sources, to: destination, options: options, found: found)
    }
  }

  /// How to plan: with these options, and somebody who is told what the paths lead to.
  typealias Planning = (CheckpointConversion.Options, (CheckpointLocation) -> Void)
    throws(CheckpointError) -> CheckpointConversion

  /// Plans what `plan` plans to write; an error about what an option changes names the option.
  static func planned(
    _ destination: String, _ options: CheckpointConversion.Options,
    canOmit: Bool = true, _ plan: Planning
  ) throws(CheckpointError) -> CheckpointConversion {
    do throws(CheckpointError) {
      return try plan(options, OpenedCheckpoint.report)
    } catch {
      if error.code == .pathConflict, !options.overwrites {
        // What stands in the way all the same says so itself.
        try CheckpointConversion.checkIsReplaceable(destination, options)
        throw error.adding("'--overwrite' replaces what is there")
      }
      guard canOmit, ![.busy, .io].contains(error.code), succeeds(omittingFrom: options, plan)
      else { throw error }
      let what = error.problems.isEmpty ? "it" : "them"
      throw error.adding("'\(Synopsis.omitUnsupported.name)' leaves \(what) out")
    }
  }

  // Whether there is nothing wrong but what can be left out.
  private static func succeeds(
    omittingFrom options: CheckpointConversion.Options, _ plan: Planning
  ) -> Bool {
    guard !options.omitsUnsupported else { return false }
    var options = options
    options.omitsUnsupported = true
    return (try? plan(options, { _ in })) != nil
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
