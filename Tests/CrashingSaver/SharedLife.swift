import CheckpointPlans
import CheckpointTensors
import Checkpoints
import Foundation

/// One of several processes that save together.
struct SharedLife {
  private let rank: Int
  private let count: Int
  private let patience: Duration

  /// Reads `shared:RANK:COUNT:SECONDS`.
  init(_ text: String) {
    let numbers = text.split(separator: ":").dropFirst().map { Double($0) ?? 0 }
    (rank, count, patience) = (Int(numbers[0]), Int(numbers[1]), .seconds(1) * numbers[2])
  }

  /// Saves again and again; each save says how it went, in a line.
  ///
  /// Every element of every tensor is the number of the save, so that a mixture shows.
  func run(_ prefix: String, first: Int, count saves: Int, _ options: SaveOptions) throws {
    var options = options
    options.processes = try LaunchedProcesses(rank: rank, count: count, job: "life")
    options.processTimeout = patience
    for value in first..<first + saves {
      let values = Tensor<Float>(repeating: Float(value), shape: [40, 3])
      let part = TensorSlice(starts: [40 * rank, 0], shape: [40, 3])
      let table = try PartitionedVariable(
        [(part, Variable(values))], shape: [40 * count, 3], name: "table", allowsGaps: true)
      var variables: [String: any TensorVariable] = ["table": table]
      for index in 0..<5 {
        variables["w\(index)"] = Variable(
          Tensor<Float>(repeating: Float(value), shape: [index == 0 ? 300_000 : 20]))
      }
      var settings = Saver.Settings()
      settings.retention = .all
      let start = ContinuousClock.now
      do {
        try Saver(variables, settings: settings, options: options).save(to: prefix)
        print("saved \(value)")
      } catch {
        print("failed \(value) after \(ContinuousClock.now - start): \(error)")
      }
    }
  }
}
