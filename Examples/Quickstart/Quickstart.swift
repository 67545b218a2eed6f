// Trains a model and saves it, restores it, and restores what TensorFlow has trained:
//
//     swift run quickstart              saves into a new temporary directory
//     swift run quickstart DIRECTORY    saves there

import Checkpoints
import DigitsModel
import Foundation

@main
struct Quickstart {
  static func main() throws {
    let digits = try Digits()
    let directory = CommandLine.arguments.dropFirst().first ?? newDirectory()
    do throws(CheckpointError) {
      let checkpoint = try train(on: digits, savingTo: directory)
      try list(checkpoint)
      try restore(checkpoint, from: "its last checkpoint", testing: digits)
      let foreign = ExampleData.path("tensorflow/digits-mlp-6000")
      try restore(foreign, from: "what TensorFlow has trained", testing: digits)
      sayWhatToReadNext(checkpoint)
    } catch {
      // It says where, what was found, and what to do.
      FileHandle.standardError.write(Data("\(error)\n".utf8))
      exit(1)
    }
  }

  /// Trains a model, and saves it after each epoch.
  ///
  /// - Returns: The last checkpoint: a prefix, as in `run/digits-11496`.
  static func train(on digits: Digits, savingTo directory: String) throws(CheckpointError) -> String
  {
    print("Training on \(digits.training.count) digits, saving to \(directory)")
    let model = Classifier(seed: 7)
    let saver = try Saver(model.variables)
    var checkpoint = ""
    for epoch in 1...8 {
      model.train(on: digits.training, rate: 0.05 / Float(epoch))
      checkpoint = try saver.save(to: "\(directory)/digits", step: Int(model.step.scalar))
      print("  epoch \(epoch): \(model.score(on: digits.test)), saved \(name(of: checkpoint))")
    }
    return checkpoint
  }

  /// Shows what a checkpoint holds: names, types, dimensions, bytes.
  static func list(_ checkpoint: String) throws(CheckpointError) {
    print("\nWhat was saved, \(name(of: checkpoint))")
    let entries = try CheckpointReader(checkpoint).entries()
    let width = entries.map { $0.key.description.count }.max() ?? 0
    for entry in entries {
      let name = entry.key.description
      let space = String(repeating: " ", count: width - name.count)
      print("  \(name)\(space)  \(entry.spec)  \(entry.byteCount) bytes")
    }
  }

  /// Restores a checkpoint into a model that has learnt nothing, and tests that.
  static func restore(_ checkpoint: String, from origin: String, testing digits: Digits)
    throws(CheckpointError)
  {
    print("\nA new model, restored from \(origin), \(name(of: checkpoint))")
    let model = Classifier(seed: 8)
    print("  before: \(model.score(on: digits.test))")
    try Saver(model.variables).restore(from: checkpoint)
    print("  after:  \(model.score(on: digits.test)), at step \(model.step.scalar)")
  }

  static func sayWhatToReadNext(_ checkpoint: String) {
    print(
      """

      What to read next
        swift run checkpoint list \(checkpoint)
        Examples/Quickstart/Quickstart.swift: the code of this program
        Sources/Checkpoints/Checkpoints.docc/Cookbook.md: resume, fine-tune, and other recipes
      """)
  }

  // MARK: Places

  private static func newDirectory() -> String {
    let number = Int.random(in: 1...999_999_999)
    return FileManager.default.temporaryDirectory.appending(path: "quickstart-\(number)").path
  }

  private static func name(of path: String) -> Substring {
    path.split(separator: "/").last ?? ""
  }
}
