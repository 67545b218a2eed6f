package import Checkpoints

/// A fully connected layer.
package final class Dense: Checkpointable {
  /// What each input adds to each output: shape [inputs, outputs].
  package let kernel: Variable<Float>
  /// What each output is without inputs: shape [outputs].
  package let bias: Variable<Float>

  /// Creates a layer with small random weights.
  init(inputs: Int, outputs: Int, using generator: inout some RandomNumberGenerator) {
    let limit = (6 / Float(inputs + outputs)).squareRoot()
    let weights = (0..<inputs * outputs).map { _ in
      Float.random(in: -limit...limit, using: &generator)
    }
    kernel = Variable(Tensor(shape: [inputs, outputs], scalars: weights))
    bias = Variable(repeating: 0, shape: [outputs])
  }

  /// The outputs for some inputs.
  func outputs(for inputs: [Float]) -> [Float] {
    kernel.value.rowProduct(inputs, addedTo: bias.value.array)
  }

  /// The slopes of the loss by the inputs, given those by the outputs.
  func inputSlopes(for outputSlopes: [Float]) -> [Float] {
    kernel.value.columnProduct(outputSlopes)
  }
}
