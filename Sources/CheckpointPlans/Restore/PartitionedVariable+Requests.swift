import CheckpointGraph
import CheckpointTensors

extension PartitionedVariable {
  /// What a plan asks for: each part by itself, and its place.
  func requests(for key: TensorKey) -> [RestorePlan.Request] {
    parts.map { part in
      // The slice fits the shape: that is how it came about.
      let place = try? TensorSlice.Part(fullShape: tensorSpec.shape, slice: part.slice)
      return RestorePlan.Request(part.variable, key: key, part: place)
    }
  }
}
