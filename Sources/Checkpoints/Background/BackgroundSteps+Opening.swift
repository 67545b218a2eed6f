import CheckpointIO
import CheckpointStore

extension BackgroundSteps {
  /// Opens a checkpoint.
  nonisolated(nonsending) func next(of attempts: CheckpointOpening.Attempts)
    async throws(CheckpointError) -> (CheckpointOpening.Attempts, CheckpointOpening.Opened)
  {
    try await value { () throws(CheckpointError) in
      var attempts = attempts
      let opened = try attempts.next()
      return (attempts, opened)
    }
  }

  /// Goes on after an error, if the checkpoint went away meanwhile.
  nonisolated(nonsending) func goOn(
    _ attempts: CheckpointOpening.Attempts, after error: CheckpointError
  ) async throws(CheckpointError) -> CheckpointOpening.Attempts {
    try await value { () throws(CheckpointError) in
      var attempts = attempts
      try attempts.goOn(after: error)
      return attempts
    }
  }
}
