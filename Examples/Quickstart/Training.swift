import Checkpoints
import DigitsModel

extension Classifier {
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

  /// Learns from each digit once: stochastic gradient descent, one digit at a time.
  func train(on digits: [Digit], rate: Float) {
    var generator = SplitMix(state: UInt64(step.scalar))
    for digit in digits.shuffled(using: &generator) {
      for lesson in lessons(from: digit) {
        lesson.addKernelSlopes(to: &lesson.layer.kernel.value, scale: -rate)
        lesson.addBiasSlopes(to: &lesson.layer.bias.value, scale: -rate)
      }
      step.scalar += 1
    }
  }
}
