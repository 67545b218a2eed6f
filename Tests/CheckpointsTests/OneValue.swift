import CheckpointTensors
import Checkpoints
import Testing

/// The one value of all elements of all tensors, as `crashing-saver` saves them: a mixture is a failure.
///
/// - Returns: The value; `nil` without a checkpoint.
func oneValue(_ path: String) throws -> Float? {
  guard try CheckpointReader.format(at: path) != nil else { return nil }
  let reader = try CheckpointReader(path)
  var values: Set<Float> = []
  for entry in try reader.entries() {
    values.formUnion(try Tensor<Float>(reader.tensor(for: entry.key)).array)
  }
  #expect(values.count == 1, "a mixture of \(values)")
  return values.first
}
