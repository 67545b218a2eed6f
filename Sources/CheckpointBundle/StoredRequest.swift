import CheckpointIO
import CheckpointTensors
import CheckpointWire

/// A tensor that is asked for, and where it lies if it is stored whole.
struct StoredRequest {
  /// The request, by its position in the list.
  let index: Int
  /// The tensor's entry; `nil` unless it is of fixed width, stored whole, and wanted whole.
  let entry: BundleEntry?

  init(_ index: Int, _ request: TensorRequest, _ entry: BundleEntry?) {
    self.index = index
    let isPlain =
      entry.map { $0.slices.isEmpty && $0.spec.dtype.byteWidth != nil } ?? false
      && request.slice == nil
    self.entry = isPlain ? entry : nil
  }

  /// Where it lies; those that are put together otherwise come before all.
  private var place: (Int, UInt64, Int) {
    entry.map { ($0.shard, $0.range.offset, index) } ?? (-1, 0, index)
  }

  /// Puts requests into the order of the data files; most often they are.
  static func sort(_ requests: inout [StoredRequest]) {
    if !isSorted(requests) { requests.sort { $0.place < $1.place } }
  }

  private static func isSorted(_ requests: [StoredRequest]) -> Bool {
    let span = requests.span
    return span.indices.dropFirst().allSatisfy { span[$0 - 1].place < span[$0].place }
  }
}
