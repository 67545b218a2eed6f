import CheckpointGraph
import CheckpointIO
import CheckpointTensors

/// Fills data files up to a number of bytes, and cuts tensors that are larger than the room left.
///
/// A tensor is cut along the dimension that gives the fewest pieces; what is left of it is cut again,
/// for the next file. Where not even one row along any dimension fits into a file (TensorFlow does not
/// come to an end then), rows of the first dimension are cut themselves.
/// Source: tensorflow/python/checkpoint/sharding/sharding_policies.py, `MaxShardSizePartitioner`.
struct ShardCutter {
  private let limit: Int
  private var items: [SavePlan.Item] = []
  private var tooLarge: [SavePlan.Item] = []  // each gets a file of its own, behind the others
  private var notes: [CheckpointError] = []
  private var shard = 0
  private var isUsed = false
  private var room: Int

  /// Begins with an empty file.
  ///
  /// - Throws: `invalidArgument` for a limit in which nothing has room.
  init(limit: Int) throws(CheckpointError) {
    guard limit > 0 else {
      throw CheckpointError(.invalidArgument, "data files of \(limit) bytes; they have 1 at least")
    }
    self.limit = limit
    room = limit
  }

  /// Whether a tensor can be stored in slices that TensorFlow joins.
  static func canCut(_ spec: TensorSpec) -> Bool {
    spec.shape.elementCount > 1 && spec.isJoinedByTensorFlow
  }

  /// Places a tensor of which an element has room in a file, if it can be cut.
  mutating func add(_ item: SavePlan.Item) throws(CheckpointError) {
    // As in TensorFlow, the graph comes on top.
    guard item.key != TensorKey(ObjectGraph.key) else { return put(item, 0) }
    let size = try item.byteCount
    let spec = item.spec
    if size <= room {
      put(item, size)
    } else if Self.canCut(spec) {
      try cut(item)
    } else if size <= limit {
      try startFile()
      put(item, size)
    } else {
      setApart(item, size)
    }
  }

  /// What came of it: the items, the number of files, and what is larger than the limit.
  consuming func finish() -> ([SavePlan.Item], Int, [CheckpointError]) {
    var count = isUsed ? shard + 1 : shard
    for var item in tooLarge {
      item.shard = count
      items.append(item)
      count += 1
    }
    return (items, max(1, count), notes)
  }

  // MARK: Whole tensors

  private mutating func put(_ item: SavePlan.Item, _ size: Int) {
    items.append(item)
    items[items.count - 1].shard = shard
    room -= size
    isUsed = true
  }

  private mutating func startFile() throws(CheckpointError) {
    if isUsed { shard += 1 }
    isUsed = false
    room = limit
    try SavePlan.check(shard + 1 + tooLarge.count)
  }

  private mutating func setApart(_ item: SavePlan.Item, _ size: Int) {
    tooLarge.append(item)
    let isWhole = item.spec.shape.elementCount == 1 && item.spec.dtype.byteWidth != nil
    let reason =
      isWhole ? "is a single element" : "cannot be stored in slices that TensorFlow joins"
    notes.append(
      CheckpointError(
        .limitExceeded,
        "\(item.spec) takes \(size) bytes, more than the \(limit) of a data file, and "
          + "\(reason); it has a data file of its own", key: item.key.description))
  }

  // MARK: Pieces

  private mutating func cut(_ item: SavePlan.Item) throws(CheckpointError) {
    let width = item.spec.dtype.byteWidth ?? 1
    let first = items.count
    var rest = [TensorRegion(all: item.spec.shape)]
    while let region = rest.popLast() {
      let size = region.shape.elementCount * width
      if size <= room {
        put(try piece(of: item, region), size)
      } else if let cut = bestCut(region.shape, width) {
        rest += region.split(at: cut.length, axis: cut.axis).reversed()
      } else if room < limit {
        try startFile()
        rest.append(region)
      } else {
        // It has at least two elements, and there is room for one.
        let axis = region.shape.dimensions.firstIndex { $0 > 1 } ?? 0
        rest += region.split(at: 1, axis: axis).reversed()
      }
      try Self.check(items.count - first, item)
    }
  }

  // The dimension along which the fewest pieces fit into the room that is left, and their length.
  private func bestCut(_ shape: TensorShape, _ width: Int) -> (axis: Int, length: Int)? {
    var best: (axis: Int, count: Int)?
    for (axis, length) in shape.dimensions.enumerated() {
      let row = shape.elementCount / length * width  // not empty: it is larger than the room
      guard row <= room else { continue }
      let perFile = room / row
      let count = (length + perFile - 1) / perFile
      if best.map({ count < $0.count }) ?? true { best = (axis, count) }
    }
    return best.map { best in
      (best.axis, (shape[best.axis] + best.count - 1) / best.count)
    }
  }

  private func piece(of item: SavePlan.Item, _ region: TensorRegion) throws(CheckpointError)
    -> SavePlan.Item
  {
    let shape = item.spec.shape
    guard region.shape != shape else { return item }
    let origin = try item.part?.slice.region(in: item.part?.fullShape ?? shape).starts
    let starts = zip(region.starts, origin ?? shape.dimensions.map { _ in 0 }).map { $0 + $1 }
    let part = try TensorSlice.Part(
      fullShape: item.part?.fullShape ?? shape,
      slice: TensorSlice(starts: starts, shape: region.shape))
    return SavePlan.Item(
      TensorPiece(of: item.variable, region), key: item.key, part: part, holder: item.holder)
  }

  private static func check(_ count: Int, _ item: SavePlan.Item) throws(CheckpointError) {
    guard count > 1 << 16 else { return }
    throw CheckpointError(
      .limitExceeded,
      "\(item.spec) would be cut into more than 65536 slices; use larger data files",
      key: item.key.description)
  }
}

extension TensorRegion {
  /// The two parts before and behind a place of a dimension.
  fileprivate func split(at length: Int, axis: Int) -> [TensorRegion] {
    let dimension = shape[axis]
    let first = TensorRegion(starts: starts, shape: shape.replacing(axis, by: length))
    guard length < dimension else { return [first] }
    var rest = TensorRegion(starts: starts, shape: shape.replacing(axis, by: dimension - length))
    rest.starts[axis] += length
    return [first, rest]
  }
}

extension TensorShape {
  fileprivate func replacing(_ axis: Int, by length: Int) -> TensorShape {
    var dimensions = dimensions
    dimensions[axis] = length
    return TensorShape(dimensions)
  }
}
