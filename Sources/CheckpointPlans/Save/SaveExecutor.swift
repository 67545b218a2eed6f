package import CheckpointStore
package import CheckpointIO
import CheckpointBundle
import CheckpointGraph
package import CheckpointSafetensors
import CheckpointSlices
import CheckpointTensors

/// Carries out a save: writes what a plan says, and makes it appear in one step.
package struct SaveExecutor {
  /// The files of a save, all of them in place.
  package struct Saved {
    /// What to restore from: the prefix; the file, the pattern, or the directory of other formats.
    package let path: String
    /// The paths of the files.
    package let files: [String]
  }

  private let options: SaveOptions
  private let files: FileOptions
  private let progress: OperationProgress?

  /// Creates an executor.
  ///
  /// - Parameters:
  ///   - options: How the files are written.
  ///   - progress: Who follows it.
  package init(options: SaveOptions, progress: OperationProgress?) {
    self.progress = progress
    self.options = options
    files = options.files.followed(by: progress)
  }

  /// Writes the tensors of a plan to a checkpoint at `prefix`, in the format of the options.
  ///
  /// - Parameters:
  ///   - plan: The plan. Whoever gives it away gives its tensors away: each is let go once it is
  ///     written, so that of a snapshot only those are still shared that are not.
  ///   - prefix: What the names of the files begin with.
  ///   - checksRoom: Whether it may be that there is too little room, which nobody has looked at.
  /// - Returns: The path, and the files.
  /// - Throws: What the writer of the format throws, and `io` if there is too little room; a checkpoint that
  ///   stood there stands still then.
  @discardableResult
  package func save(_ plan: consuming SavePlan, to prefix: String, checksRoom: Bool = true)
    throws(CheckpointError) -> Saved
  {
    do throws(CheckpointError) {
      try options.checkMetadata()
    } catch {
      throw error.located(file: prefix)
    }
    switch options.format {
    case .v2: return try saveV2(plan, to: prefix, checksRoom: checksRoom)
    case .v1: return try saveV1(plan, to: prefix, isSharded: options.sharding != .none)
    case .safetensors, .modelDirectory:
      return try saveSafetensors(plan, to: prefix, checksRoom: checksRoom)
    }
  }

  private func saveV2(_ plan: consuming SavePlan, to prefix: String, checksRoom: Bool)
    throws(CheckpointError) -> Saved
  {
    if checksRoom { try plan.checkRoom(at: prefix, files.fileSystem) }
    progress?.begin(.writing, byteCount: plan.byteCount)
    var writer = try BundleWriter(
      prefix: prefix, shardByteCounts: plan.shardByteCounts, options: files)
    writer.expect(plan.items.count)
    return Saved(path: prefix, files: try finish(plan, &writer))
  }

  private func finish(_ plan: consuming SavePlan, _ writer: inout some ShardedTensorWriter)
    throws(CheckpointError) -> [String]
  {
    try Self.write(plan, to: &writer)
    try writer.finish()
    progress?.finish()
    return writer.files
  }

  /// Writes the tensors of a plan to the data files that it names.
  static func write(_ plan: consuming SavePlan, to writer: inout some ShardedTensorWriter)
    throws(CheckpointError)
  {
    // One data file after the other, which stays open as long as it is needed. The order within each is
    // the same: sorting is stable.
    if plan.shardCount > 1 { plan.items.sort { $0.shard < $1.shard } }
    try plan.forEachTaken { variable, key, part, shard throws(CheckpointError) in
      try writer.add(variable, for: key, part: part, shard: shard)
    }
  }

  /// Writes the tensors of a plan to a safetensors file, or to a model directory.
  private func saveSafetensors(_ plan: consuming SavePlan, to path: String, checksRoom: Bool)
    throws(CheckpointError) -> Saved
  {
    if checksRoom { try plan.checkRoom(at: path, files.fileSystem) }
    progress?.begin(.writing, byteCount: plan.byteCount)
    let tensors = plan.items.map { (key: $0.key, spec: $0.spec) }
    var writer = try SafetensorsWriter(
      path, options.container(), declaring: tensors, metadata: options.safetensorsMetadata,
      options: files)
    try plan.write(into: &writer)
    progress?.finish()
    return Saved(path: path, files: writer.files)
  }

  /// Writes the tensors of a plan to a V1 checkpoint.
  ///
  /// - Parameters:
  ///   - plan: The plan.
  ///   - prefix: The name of the file; of several, what their names begin with.
  ///   - isSharded: Whether the files have numbers, also if there is only one.
  /// - Returns: The path, and the files.
  /// - Throws: One error with every tensor that the format cannot hold, before anything is written;
  ///   `invalidArgument` for the name of the state file; `pathConflict` if there is an index, which every
  ///   reader would prefer; `io` if there is too little room; what ``SlicesWriter`` throws.
  private func saveV1(_ plan: consuming SavePlan, to prefix: String, isSharded: Bool)
    throws(CheckpointError) -> Saved
  {
    if !isSharded { try CheckpointName.checkIsNoStateFile(prefix, .v1) }
    try Self.checkV1(plan, prefix)
    try plan.checkRoom(at: prefix, files.fileSystem, isV1: true)
    progress?.begin(.writing, byteCount: plan.byteCount)
    var writer =
      isSharded
      ? try SlicesWriter(prefix: prefix, shardCount: plan.shardCount, options: files)
      : try SlicesWriter(path: prefix, options: files)
    // Under the lock, which a save in the format V2 would take as well.
    try checkHasNoIndex(writer.path)
    return Saved(path: writer.path, files: try finish(plan, &writer))
  }

  private static func checkV1(_ plan: SavePlan, _ prefix: String) throws(CheckpointError) {
    var problems: [CheckpointError] = []
    for item in plan.items where problems.last?.key != item.key.description {
      do throws(CheckpointError) {
        try SlicesWriter.check(item.spec, for: item.key, part: item.part)
      } catch {
        problems.append(error.located(key: item.key.description))
      }
    }
    let error = CheckpointError.combining(problems, file: prefix) {
      "\($0) variables cannot be saved in the format V1; nothing has been written"
    }
    if let error { throw error }
  }

  private func checkHasNoIndex(_ path: String) throws(CheckpointError) {
    let index = BundlePath(path).index
    guard try files.fileSystem.status(of: index) != nil else { return }
    throw CheckpointError(
      .pathConflict,
      "there is a V2 checkpoint of this name, '\(index)', which every reader would take instead; "
        + "remove it first, or save elsewhere", file: path)
  }
}

extension SaveOptions {
  /// What a save as safetensors writes.
  ///
  /// - Throws: `unsupported` for a sharding that the format does not have.
  package func container() throws(CheckpointError) -> SafetensorsWriter.Container {
    try modelFileByteCount().map { .directory(fileByteCount: $0) } ?? .file
  }

  /// The error for somebody who cannot write this format.
  package func unsupportedFormat(by who: String) -> CheckpointError {
    let way =
      format == .v1
      ? "use a Saver, which writes it, or save as V2 and convert: CheckpointConversion"
      : "save as V2 and convert: CheckpointConversion; or write tensors: CheckpointWriter"
    return CheckpointError(
      .unsupported, "\(who) does not write the format \(format.title); \(way)")
  }
}
