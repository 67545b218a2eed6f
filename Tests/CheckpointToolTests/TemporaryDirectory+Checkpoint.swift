import CheckpointBundle
import CheckpointTensors
import CheckpointTestSupport

extension TemporaryDirectory {
  /// Saves tensors as a V2 checkpoint.
  ///
  /// - Returns: Its prefix.
  @discardableResult
  func save(_ tensors: [(String, AnyTensor)], to name: String) throws -> String {
    var writer = try BundleWriter(prefix: path(name))
    for (name, tensor) in tensors { try writer.add(tensor, for: TensorKey(name)) }
    try writer.finish()
    return path(name)
  }
}

/// A tensor of numbers in a row.
func floats(_ numbers: Float...) -> AnyTensor { AnyTensor(Tensor<Float>(numbers)) }
