// Trains the digits model in several processes, which save one checkpoint together:
//
//     swift run multi-process                                four processes, one of which is killed; then three
//     mpirun -n 4 .build/debug/multi-process DIRECTORY        this one is each of the four
//     srun -n 4 .build/debug/multi-process DIRECTORY
//
// A training goes on from the newest checkpoint in the directory, whatever number of processes has saved it.

import Checkpoints
import DigitsModel
import Foundation

@main
struct MultiProcess {
  static func main() throws {
    let directory = CommandLine.arguments.dropFirst().first
    do {
      let group = try LaunchedProcesses(directory: directory)
      guard let directory else { return try showAll() }
      try train(in: directory, group)
    } catch {
      // It says where, what was found, and what to do.
      FileHandle.standardError.write(Data("\(error)\n".utf8))
      exit(1)
    }
  }

  // MARK: One of the processes

  private static func train(in directory: String, _ group: LaunchedProcesses)
    throws(CheckpointError)
  {
    let training = try Training(group, directory)
    try training.resume()
    while training.step < 120 {
      try training.learn()
      if training.step % 20 == 0 { try training.save() }
    }
    training.finish()
  }

  // MARK: A launcher

  private static func showAll() throws {
    let directory = FileManager.default.temporaryDirectory
      .appending(path: "multi-process-\(Int.random(in: 1...999_999_999))").path
    print("Four processes, saving to \(directory)")
    let first = try Launch(4, directory)
    first.kill(2, after: "saved ckpt-2")
    print("  process 2 was killed\n")
    print("Three processes, from what the four have saved")
    let second = try Launch(3, directory)
    guard second.finish() else {
      throw CheckpointError(.cancelled, "the processes did not come to their end", file: directory)
    }
    print("\nThe last checkpoint is \(try CheckpointDirectory(directory).latest() ?? "none")")
  }
}
