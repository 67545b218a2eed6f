import CheckpointIO

/// Why there is no V1 file at a path.
struct MissingSlices {
  let path: String
  let fileSystem: any FileSystem

  /// The error to throw.
  var error: CheckpointError {
    do throws(CheckpointError) {
      if let sharded = SlicesPath(shard: path) { return try missingShard(sharded) }
      return CheckpointError(.notACheckpoint, "there is no such file", file: path)
    } catch {
      return error
    }
  }

  private func missingShard(_ sharded: SlicesPath) throws(CheckpointError) -> CheckpointError {
    let names = try namesBeside()
    let present = sharded.shards.filter { names.contains(FileName(Path($0).name)) }.count
    guard present > 0 else {
      let message = "there is no file of the checkpoint '\(sharded.pattern)'"
      return CheckpointError(.notACheckpoint, message, file: path)
    }
    return CheckpointError(
      .notFound, "this shard is missing; \(present) of \(sharded.shardCount) are there", file: path)
  }

  private func namesBeside() throws(CheckpointError) -> Set<FileName> {
    let directory = Path(path).directory
    guard try fileSystem.status(of: directory)?.kind == .directory else { return [] }
    return Set(try fileSystem.namesInDirectory(directory).map(FileName.init))
  }
}
