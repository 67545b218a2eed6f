// Kills a training in the middle, resumes it in another process, and compares the end with that of
// a training that nobody interrupted: every bit has to be the same.
//
//     swift run resume-training                        with Adam
//     swift run resume-training momentum               with momentum
//     swift run resume-training train adam DIRECTORY   trains, or goes on training, in DIRECTORY:
//                                                      press Control-C and run it again
//     swift run resume-training compare PREFIX PREFIX  compares two trainings
//
// Exits with 1 if there is a difference.

import Checkpoints
import Foundation

@main
struct ResumeTraining {
  static func main() throws {
    let arguments = Array(CommandLine.arguments.dropFirst())
    do throws(CheckpointError) {
      switch (arguments.first, arguments.count) {
      case (nil, _): try demonstrate(.adam)
      case ("train", 3): try train(method(arguments[1]), in: arguments[2])
      case ("compare", 3): try conclude(Comparison(arguments[1], arguments[2]))
      case (_, 1): try demonstrate(method(arguments[0]))
      default: leave("usage: resume-training [adam | momentum]", status: 2)
      }
    } catch {
      leave("\(error)", status: 1)
    }
  }

  /// Compares an interrupted training with one that is not.
  static func demonstrate(_ method: TrainingMethod) throws(CheckpointError) {
    let directory = temporaryDirectory()
    defer { try? FileManager.default.removeItem(atPath: directory) }

    say("A training with \(method.rawValue), without interruption")
    let uninterrupted = try Training(method)
    uninterrupted.run(to: Training.lastStep)
    say("  step \(Training.lastStep): \(uninterrupted.score)")
    try uninterrupted.checkpoint.write(to: "\(directory)/uninterrupted")

    say("\nThe same in another process, which is killed after step 110")
    let arguments = ["train", method.rawValue, "\(directory)/run"]
    let first = ChildTraining(arguments)
    first.kill(after: "step 110")
    guard first.wasKilled else { leave("it ended before it was killed", status: 1) }
    say("  killed")

    say("\nA third process goes on")
    guard ChildTraining(arguments).finish() else { leave("it failed", status: 1) }

    say("\nThe end of both")
    let last = try CheckpointDirectory("\(directory)/run").latest()
    try conclude(Comparison("\(directory)/uninterrupted", last ?? ""))
  }

  /// Goes on with the training in a directory, or begins one.
  static func train(_ method: TrainingMethod, in directory: String) throws(CheckpointError) {
    let training = try Training(method)
    if let last = try CheckpointDirectory(directory).latest() {
      try training.checkpoint.restore(from: last).assertConsumed()
      say("  restored \(name(of: last)), at step \(training.step)")
    }
    while training.step < Training.lastStep {
      training.run(to: training.step + 10)
      var line = "  step \(training.step)"
      if training.step % 20 == 0 || training.step == Training.lastStep {
        line += ", saved \(name(of: try training.checkpoint.save(to: "\(directory)/ckpt")))"
      }
      say(line)
      Thread.sleep(forTimeInterval: 0.02)  // larger models leave more time to kill them
    }
    say("  \(training.score)")
  }

  /// Says whether two trainings came to the same end.
  static func conclude(_ comparison: Comparison) {
    say("\(comparison)")
    guard comparison.isEqual else { leave("They are different.", status: 1) }
    say("They are the same, bit for bit.")
  }

  // MARK: Words and places

  private static func method(_ name: String) -> TrainingMethod {
    guard let method = TrainingMethod(rawValue: name) else {
      leave("'\(name)' is neither adam nor momentum", status: 2)
    }
    return method
  }

  private static func temporaryDirectory() -> String {
    let number = Int.random(in: 1...999_999_999)
    return FileManager.default.temporaryDirectory.appending(path: "resume-training-\(number)").path
  }

  private static func name(of path: String) -> Substring { path.split(separator: "/").last ?? "" }
}

/// Writes a line at once: whoever reads it may want to kill this process.
func say(_ line: String) {
  FileHandle.standardOutput.write(Data("\(line)\n".utf8))
}

/// Says what is wrong, and ends the process.
func leave(_ message: String, status: Int32) -> Never {
  FileHandle.standardError.write(Data("\(message)\n".utf8))
  exit(status)
}
