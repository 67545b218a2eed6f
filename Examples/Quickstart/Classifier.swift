import Checkpoints
import Foundation

/// Tells digits apart: 64 pixels, 128 hidden units, 10 scores.
struct Classifier {
  let hidden: Dense
  let output: Dense
  /// How many digits it has learnt from.
  let step = Variable<Int64>(0)

  /// Creates a classifier that guesses.
  init(seed: UInt64) {
    var generator = SplitMix(state: seed)
    hidden = Dense(inputs: 64, outputs: 128, using: &generator)
    output = Dense(inputs: 128, outputs: 10, using: &generator)
  }

  /// What is to be saved, by the names that the model in TensorFlow has given them.
  var variables: KeyValuePairs<String, any TensorVariable> {
    [
      "hidden/kernel": hidden.kernel,
      "hidden/bias": hidden.bias,
      "output/kernel": output.kernel,
      "output/bias": output.bias,
      "global_step": step,
    ]
  }

  /// How many digits it gets right.
  func score(on digits: [Digit]) -> Score {
    let right = digits.count { guess($0) == $0.label }
    return Score(right: right, count: digits.count)
  }

  private func guess(_ digit: Digit) -> Int? {
    let scores = output.outputs(for: relu(hidden.outputs(for: digit.pixels)))
    return scores.indices.max { scores[$0] < scores[$1] }
  }
}

/// A number of right answers.
struct Score: CustomStringConvertible {
  let right: Int
  let count: Int

  var description: String {
    let percent = String(format: "%.2f", 100 * Double(right) / Double(count))
    return "\(right) of \(count) right, \(percent) %"
  }
}
