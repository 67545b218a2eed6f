import CheckpointIO
import CheckpointStore

extension FuzzTarget {
  /// A `.meta` file, as a message or as text.
  package static let metaGraph = FuzzTarget(
    "meta", mostBytes: 12 << 10, seeds: FuzzSeeds.metaGraphs
  ) {
    bytes in
    let summary = try MetaGraphSummary(BytesFile(bytes, path: "fuzz.meta"))
    let count = summary.savedTensors.count + summary.variables.count
    try promise(count <= bytes.count, "\(count) names in \(bytes.count) bytes")
    let keys = summary.savedTensors.map(\.key)
    try promise(keys == keys.sorted(), "the tensors are not in order")
  }
}
