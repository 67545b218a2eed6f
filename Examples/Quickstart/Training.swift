import Checkpoints
import Foundation

extension Classifier {
  /// Learns from each digit once: stochastic gradient descent, one digit at a time.
  func train(on digits: [Digit], rate: Float) {
    var generator = SplitMix(state: UInt64(step.value[]))
    for digit in digits.shuffled(using: &generator) { learn(digit, rate: rate) }
  }

  private func learn(_ digit: Digit, rate: Float) {
    let activations = relu(hidden.outputs(for: digit.pixels))
    var errors = softmax(output.outputs(for: activations))
    errors[digit.label] -= 1  // the slope of the cross entropy by the scores

    var slopes = output.inputSlopes(for: errors)
    for unit in slopes.indices where activations[unit] == 0 { slopes[unit] = 0 }

    output.step(inputs: activations, outputSlopes: errors, rate: rate)
    hidden.step(inputs: digit.pixels, outputSlopes: slopes, rate: rate)
    step.value[] += 1
  }
}

/// Each number, or 0 if it is negative.
func relu(_ values: [Float]) -> [Float] { values.map { max(0, $0) } }

/// Scores as probabilities.
private func softmax(_ scores: [Float]) -> [Float] {
  let powers = scores.map { exp($0 - (scores.max() ?? 0)) }
  let sum = powers.reduce(0, +)
  return powers.map { $0 / sum }
}

/// Random numbers that are the same in every run.
///
/// Source: G. Steele, D. Lea, C. Flood, "Fast splittable pseudorandom number generators", 2014.
struct SplitMix: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var bits = state
    bits = (bits ^ (bits >> 30)) &* 0xBF58_476D_1CE4_E5B9
    bits = (bits ^ (bits >> 27)) &* 0x94D0_49BB_1331_11EB
    return bits ^ (bits >> 31)
  }
}
