package import Checkpoints

/// What a layer can learn from one digit: the slope of the loss by an element of the kernel is an
/// input times the slope by an output; by an element of the bias, it is the latter.
package struct Lesson {
  /// The layer.
  package let layer: Dense
  let inputs: [Float]
  let outputSlopes: [Float]

  /// Adds a multiple of the slope by the kernel.
  package func addKernelSlopes(to sum: inout Tensor<Float>, scale: Float) {
    sum.addOuterProduct(inputs, outputSlopes, scale: scale)
  }

  /// Adds a multiple of the slope by the bias.
  package func addBiasSlopes(to sum: inout Tensor<Float>, scale: Float) {
    sum.addOuterProduct([1], outputSlopes, scale: scale)
  }
}
