import CheckpointIO
import CheckpointTestSupport
import Checkpoints
import Testing

/// Proves that a launcher's environment is understood.
@Suite struct LauncherEnvironmentTests {
  @Test(arguments: [
    (["OMPI_COMM_WORLD_RANK": "2", "OMPI_COMM_WORLD_SIZE": "4", "SLURM_PROCID": "0"], 2, 4),
    (["PMI_RANK": "1", "PMI_SIZE": "3"], 1, 3),
    (["SLURM_PROCID": "1", "SLURM_NTASKS": "8", "SLURM_STEP_NUM_TASKS": "2"], 1, 2),
    (["PMIX_RANK": "1", "SLURM_STEP_NUM_TASKS": "2"], 1, 2),
    (["RANK": "3", "WORLD_SIZE": "4", "SLURM_PROCID": "1", "SLURM_STEP_NUM_TASKS": "2"], 3, 4),
    // A batch script is no step.
    (["SLURM_PROCID": "0", "SLURM_NTASKS": "8"], 0, 1), ([:], 0, 1),
  ])
  func `rank and count are the launcher's`(environment: [String: String], rank: Int, count: Int)
    throws
  {
    let group = try LaunchedProcesses(environment: environment)
    #expect((group.rank, group.count) == (rank, count))
  }

  @Test(arguments: [
    ["RANK": "x", "WORLD_SIZE": "4"], ["RANK": "4", "WORLD_SIZE": "4"],
    ["RANK": "-1", "WORLD_SIZE": "2"],
    ["PMIX_RANK": "1"],
  ])
  func `what makes no sense is an error`(environment: [String: String]) {
    #expect(throws: CheckpointError.self) { try LaunchedProcesses(environment: environment) }
  }

  @Test func `a group by itself meets in its directory`() throws {
    let directory = try TemporaryDirectory("group")
    let path = directory.path
    let results = together(3) { rank in
      let group = try LaunchedProcesses(rank: rank, count: 3, directory: path)
      let all = try group.gather([UInt8(rank)], timeout: .seconds(20))
      return (all ?? [], try group.broadcast(rank == 0 ? [9] : nil, timeout: .seconds(20)))
    }
    #expect(try results.map { try $0.get().0 } == [[[0], [1], [2]], [], []])
    #expect(try results.map { try $0.get().1 } == [[9], [9], [9]])
  }

  @Test func `a group without a directory says where it could meet`() throws {
    let group = try LaunchedProcesses(rank: 1, count: 2)
    for call in [
      { _ = try group.gather([1], timeout: .seconds(1)) },
      { _ = try group.broadcast(nil, timeout: .seconds(1)) },
    ] as [() throws -> Void] {
      let error = #expect(throws: CheckpointError.self) { try call() }
      #expect(error?.code == .invalidArgument)
      #expect(error?.message.hasSuffix("name a directory: LaunchedProcesses(directory:)") == true)
    }
  }
}
