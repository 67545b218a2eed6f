import CheckpointStore
import CheckpointPlans
import CheckpointMapping
public import CheckpointIO
public import CheckpointTensors

extension Saver {
  /// Restores the variables from a checkpoint of any format, saved here or by TensorFlow.
  ///
  /// In an object-based checkpoint, a saver looks for each name as a key first, and then as the
  /// full name of a variable. The latter gives a warning: see ``CheckpointWarnings``.
  ///
  /// The restore first checks everything that it can check without reading values, and throws one
  /// error for all problems. By default, no variable has changed when an error is thrown. A saver
  /// without variables does not look at any file.
  ///
  /// - Parameters:
  ///   - path: The prefix, as ``save(to:step:)`` returns it, or anything else that leads to a
  ///     checkpoint of any format, see ``CheckpointReader/init(_:)``. A directory stands for its newest
  ///     checkpoint. ``RestoreReport/path`` and ``RestoreReport/note`` say which one it was.
  ///   - mapping: How the names of the checkpoint become those of the variables.
  ///   - options: What to do with variables and values that do not fit.
  /// - Returns: What was restored, and which tensors of the checkpoint were not used.
  /// - Throws: `notACheckpoint` if there is none; `notFound`, `mismatch` or `several` for variables
  ///   that do not find their values; `ambiguousName` for a name of several saved variables whose contents differ;
  ///   `notFound` also if the checkpoint was deleted while it was read, `busy` if it is replaced again
  ///   and again; `corrupt` or `truncated` if a file is damaged; `io` if the system refuses.
  @discardableResult
  public func restore(
    from path: String, mapping: KeyMapping? = nil, options: RestoreOptions = RestoreOptions()
  ) throws(CheckpointError) -> RestoreReport {
    guard !content.isEmpty else { return RestoreReport(ofNothingAt: path) }
    let progress = OperationProgress.current()
    let fileSystem = self.options.files.followed(by: progress).fileSystem
    return try CheckpointOpening(path, fileSystem).read { opened throws(CheckpointError) in
      var report = try restore(from: opened.reader, mapping, options, progress)
      report.note = opened.location.note
      opened.location.warnIfGuessed()
      opened.reader.closeFiles(keepsChecksum: false)  // the report may live for long
      return report
    }
  }

  /// Restores the variables from whatever a reader has: a format of your own, a checkpoint in memory.
  ///
  ///     let reader = try NPZReader("weights.npz")  // a TensorReader of the program's own
  ///     try saver.restore(from: reader)
  ///
  /// - Parameters:
  ///   - reader: What to restore from.
  ///   - mapping: How its names become those of the variables.
  ///   - options: What to do with variables and values that do not fit.
  /// - Returns: What was restored, and which tensors were not used.
  /// - Throws: As for a path; what the reader throws.
  @discardableResult
  public func restore(
    from reader: some TensorReader, mapping: KeyMapping? = nil,
    options: RestoreOptions = RestoreOptions()
  ) throws(CheckpointError) -> RestoreReport {
    guard !content.isEmpty else { return RestoreReport(ofNothingAt: reader.path) }
    return try restore(from: reader, mapping, options, .current())
  }

  private func restore(
    from reader: any TensorReader, _ mapping: KeyMapping?, _ options: RestoreOptions,
    _ progress: OperationProgress?
  ) throws(CheckpointError) -> RestoreReport {
    let step = try step(NamedSource(reader, content.keys, mapping), options, progress)
    return try finish(step, step.executor.restore(step.plan), progress)
  }

  /// What is to be restored.
  struct RestoreStep {
    fileprivate let source: NamedSource
    let plan: RestorePlan
    let executor: RestoreExecutor
  }

  /// Compares a checkpoint with the variables.
  func step(_ source: NamedSource, _ options: RestoreOptions, _ progress: OperationProgress?)
    throws(CheckpointError) -> RestoreStep
  {
    var options = options
    options.allowsReshape = options.allowsReshape || settings.allowsReshape
    let wanted = content.restoredTensors().map {
      RestorePlan.Request($0.variable, key: $0.key, group: $0.group)
    }
    let plan = try RestorePlan(wanted, from: source.reader, options: options) {
      missing throws(CheckpointError) in
      try KeyMapping.Proposal.hint(for: missing, of: wanted, in: source.reader)
    }
    progress?.begin(.reading, byteCount: plan.byteCount)
    return RestoreStep(
      source: source, plan: plan,
      executor: RestoreExecutor(reader: source.reader, options: options))
  }

  /// Ends a restore whose variables have their values.
  func finish(_ step: RestoreStep, _ report: RestoreReport, _ progress: OperationProgress?)
    throws(CheckpointError) -> RestoreReport
  {
    let source = step.source
    var report = report
    progress?.finish()
    source.reader.closeFilesIfAny()  // opened again for the report's list, if it is asked for
    if source.usesFullNames {
      report.mode = .objectBased
      source.warn()
    }
    return report
  }
}
