// Saves a table and what all processes have, restores it, and says how long that took:
//
//     mpirun -n 4 mpi-save DIRECTORY

import Checkpoints
import Foundation

@main
struct Program {
  static func main() {
    do throws(CheckpointError) {
      let group = try MPIProcessGroup()
      try run(group, CommandLine.arguments.dropFirst().first ?? "run")
      group.end()
    } catch {
      FileHandle.standardError.write(Data("\(error)\n".utf8))
      exit(1)  // mpirun ends the other processes
    }
  }

  private static func run(_ group: MPIProcessGroup, _ directory: String) throws(CheckpointError) {
    let rows = 1_000
    let part = Variable<Float>(repeating: Float(group.rank), shape: [rows, 16])
    let table = try PartitionedVariable(
      [(TensorSlice(starts: [rows * group.rank, 0], shape: [rows, 16]), part)],
      shape: [rows * group.count, 16], allowsGaps: true)
    let step = Variable<Int64>(0)
    let manager = try CheckpointManager(
      Checkpoint(["table": table, "step": step]), directory: directory, retention: .latest(2),
      options: SaveOptions(processes: group, processTimeout: .seconds(30)))
    for round in 1...5 {
      step.scalar = Int64(round)
      let start = ContinuousClock.now
      let saved =
        round % 2 == 0 ? try manager.saveInBackground()?.wait() : try manager.save()
      let time = (ContinuousClock.now - start) / .milliseconds(1)
      guard group.rank == 0, let saved else { continue }
      print("\(group.count) processes have saved \(saved.path) in \(Int(time)) ms")
    }
    part.value = Tensor(repeating: -1, shape: part.value.shape)
    step.scalar = 0
    let restored = try manager.restoreOrInitialize()
    guard part.value == Tensor(repeating: Float(group.rank), shape: part.value.shape),
      step.scalar == 5
    else { throw CheckpointError(.mismatch, "process \(group.rank) has got other values back") }
    if group.rank == 0 { print("restored \(restored?.path ?? "nothing") into all of them") }
  }
}
