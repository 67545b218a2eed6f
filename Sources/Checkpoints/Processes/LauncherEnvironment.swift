import CheckpointIO

/// What launchers tell the processes that they start, by environment variables.
///
/// The first of them that has told anything counts: the one that stands closest to the process comes first,
/// since a torchrun may run below srun, and mpirun in a job of Slurm.
struct LauncherEnvironment {
  /// Which process this is.
  let rank: Int
  /// How many there are.
  let count: Int
  /// What tells the job from others, and this attempt at it from earlier ones; empty if nothing does.
  let job: String

  private struct Launcher {
    let rank: String
    let counts: [String]
    let job: [String]
  }

  private static let launchers = [
    // torchrun and its like; with one process for each rank.
    // Source: PyTorch, torch/distributed/run.py, "Environment Variables".
    Launcher(
      rank: "RANK", counts: ["WORLD_SIZE"],
      job: ["TORCHELASTIC_RUN_ID", "TORCHELASTIC_RESTART_COUNT", "MASTER_PORT"]),
    // Open MPI's mpirun. Source: Open MPI, "Environment variables set by mpirun".
    Launcher(
      rank: "OMPI_COMM_WORLD_RANK", counts: ["OMPI_COMM_WORLD_SIZE"],
      job: ["PMIX_NAMESPACE", "OMPI_MCA_ess_base_jobid"]),
    // MPICH's mpiexec, Intel's too. Source: MPICH, "The PMI-1 wire protocol".
    Launcher(rank: "PMI_RANK", counts: ["PMI_SIZE"], job: ["PMI_JOBID", "SLURM_JOB_ID"]),
    // srun. A batch script itself has a rank, but no number of tasks of a step.
    // Source: Slurm, srun(1), "OUTPUT ENVIRONMENT VARIABLES".
    Launcher(
      rank: "SLURM_PROCID", counts: ["SLURM_STEP_NUM_TASKS"],
      job: ["SLURM_JOB_ID", "SLURM_STEP_ID", "SLURM_RESTART_COUNT"]),
    // Other launchers that speak PMIx. Source: PMIx, "Standard environment variables".
    Launcher(
      rank: "PMIX_RANK", counts: ["PMIX_SIZE", "SLURM_STEP_NUM_TASKS"],
      job: ["PMIX_NAMESPACE"]),
  ]

  /// Reads an environment; a process without a launcher is the only one.
  ///
  /// - Throws: `invalidArgument` for a rank without a number of processes, and for what is no number.
  init(_ environment: [String: String]) throws(CheckpointError) {
    for launcher in Self.launchers {
      guard let rank = environment[launcher.rank] else { continue }
      guard let name = launcher.counts.first(where: { environment[$0] != nil }) else {
        // In a batch script of Slurm, or in the shell of somebody's own.
        guard launcher.rank == "PMIX_RANK" else { continue }
        throw CheckpointError(
          .invalidArgument,
          "\(launcher.rank) is \(rank), and \(launcher.counts[0]) is not set; say how many processes there "
            + "are: LaunchedProcesses(rank:count:job:)")
      }
      self.rank = try Self.number(launcher.rank, rank)
      count = try Self.number(name, environment[name] ?? "")
      job = launcher.job.compactMap { environment[$0] }.joined(separator: "-")
      try Self.check(self.rank, of: count, "\(launcher.rank) and \(name)")
      return
    }
    (rank, count, job) = (0, 1, "")
  }

  private static func number(_ name: String, _ text: String) throws(CheckpointError) -> Int {
    guard let number = Int(text), number >= 0 else {
      throw CheckpointError(.invalidArgument, "\(name) is '\(text)', which is no number")
    }
    return number
  }

  /// Checks that there is such a process.
  static func check(_ rank: Int, of count: Int, _ source: String) throws(CheckpointError) {
    guard (0..<count).contains(rank), count <= 99_999 else {
      throw CheckpointError(
        .invalidArgument,
        "process \(rank) of \(count), from \(source): ranks go from 0 to the number of "
          + "processes, of which there are 99999 at most")
    }
  }
}
