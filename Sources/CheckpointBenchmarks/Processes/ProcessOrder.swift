import CheckpointPlans
import Checkpoints
import Foundation

/// One of several processes that save together: the hidden form of the command line.
struct ProcessOrder {
  let rank: Int
  let count: Int
  let variableCount: Int
  let folder: String

  private static let mark = "--process"

  /// The command that starts the process.
  var command: [String] {
    [CommandLine.arguments[0], Self.mark, "\(rank)", "\(count)", "\(variableCount)", folder]
  }

  init(_ rank: Int, of count: Int, variableCount: Int, folder: String) {
    (self.rank, self.count, self.variableCount, self.folder) = (rank, count, variableCount, folder)
  }

  /// Takes the command line apart; `nil` for one of another form.
  init?(arguments: [String]) {
    guard arguments.count == 5, arguments[0] == Self.mark, let rank = Int(arguments[1]),
      let count = Int(arguments[2]), let variableCount = Int(arguments[3])
    else { return nil }
    self.init(rank, of: count, variableCount: variableCount, folder: arguments[4])
  }

  /// The prefix of the checkpoint of a run.
  func prefix(_ run: Int) -> String { "\(folder)/ckpt-\(run)" }

  /// Prepares, then saves for each line of the standard input.
  func serve() throws {
    let group = try LaunchedProcesses(rank: rank, count: count, job: "benchmark")
    let variables = (0..<variableCount).map {
      Variable<Float>(repeating: Float($0), shape: [64], name: "v\($0)")
    }
    let checkpoint = try Checkpoint(
      ["model": TensorList(variables)], options: SaveOptions(processes: group))
    answer(Child.ready)
    var run = 0
    while readLine() != nil {
      let measurement = try Measurement { try checkpoint.write(to: prefix(run)) }
      answer(String(decoding: try JSONEncoder().encode(measurement), as: UTF8.self))
      run += 1
    }
  }

  private func answer(_ line: String) {
    print(line)
    fflush(nil)
  }
}
