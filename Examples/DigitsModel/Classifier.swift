package import Checkpoints
import Foundation

/// Tells digits apart: 64 pixels, 128 hidden units, 10 scores.
package final class Classifier: Checkpointable {
  package let hidden: Dense
  package let output: Dense
  /// How often it has learnt.
  package let step = Variable<Int64>(0)

  /// Creates a classifier that guesses.
  package init(seed: UInt64) {
    var generator = SplitMix(state: seed)
    hidden = Dense(inputs: 64, outputs: 128, using: &generator)
    output = Dense(inputs: 128, outputs: 10, using: &generator)
  }

  /// How many digits it gets right.
  package func score(on digits: [Digit]) -> Score {
    let right = digits.count { guess($0) == $0.label }
    return Score(right: right, count: digits.count)
  }

  private func guess(_ digit: Digit) -> Int? {
    let scores = output.outputs(for: relu(hidden.outputs(for: digit.pixels)))
    return scores.indices.max { scores[$0] < scores[$1] }
  }

  /// What each layer can learn from a digit.
  package func lessons(from digit: Digit) -> [Lesson] {
    let activations = relu(hidden.outputs(for: digit.pixels))
    var errors = softmax(output.outputs(for: activations))
    errors[digit.label] -= 1  // the slope of the cross entropy by the scores

    var slopes = output.inputSlopes(for: errors)
    for unit in slopes.indices where activations[unit] == 0 { slopes[unit] = 0 }
    return [
      Lesson(layer: output, inputs: activations, outputSlopes: errors),
      Lesson(layer: hidden, inputs: digit.pixels, outputSlopes: slopes),
    ]
  }
}

/// A number of right answers.
package struct Score: CustomStringConvertible {
  let right: Int
  let count: Int

  package var description: String {
    let percent = String(format: "%.2f", 100 * Double(right) / Double(count))
    return "\(right) of \(count) right, \(percent) %"
  }
}

/// Each number, or 0 if it is negative.
private func relu(_ values: [Float]) -> [Float] { values.map { max(0, $0) } }

/// Scores as probabilities.
private func softmax(_ scores: [Float]) -> [Float] {
  let powers = scores.map { exp($0 - (scores.max() ?? 0)) }
  let sum = powers.reduce(0, +)
  return powers.map { $0 / sum }
}
