/// A stretch of elements that lie next to each other both where they come from and where they go.
package struct ElementRun: Hashable, Sendable {
  /// The first element, counted in the source.
  package var source: Int
  /// The first element, counted in the target.
  package var target: Int
  /// How many elements.
  package var count: Int

  /// The bytes in the source, for elements of `width` bytes.
  package func source(width: Int) -> Range<Int> { source * width..<(source + count) * width }

  /// The bytes in the target, for elements of `width` bytes.
  package func target(width: Int) -> Range<Int> { target * width..<(target + count) * width }
}

/// The runs that a region falls into, in row-major order: for copying a part of one block of
/// elements to its place in another.
///
/// Offsets ascend on both sides. Dimensions that are whole on both sides are taken together.
package struct ElementRuns: Sequence, IteratorProtocol {
  private let lengths: [Int]  // of the outer dimensions, which are counted through
  private let sourceStrides: [Int]
  private let targetStrides: [Int]
  private let runCount: Int
  private var indices: [Int]
  private var upcoming: ElementRun?

  /// The runs of what `source` and `target`, two regions of one tensor, have in common: `region`.
  package init(of region: TensorRegion, from source: TensorRegion, to target: TensorRegion) {
    guard region.shape.elementCount > 0 else {
      // No runs; and the other dimensions may be so long that their product is no number.
      (lengths, sourceStrides, targetStrides, indices) = ([], [], [], [])
      (runCount, upcoming) = (0, nil)
      return
    }
    let rank = region.shape.rank
    var inner = rank  // dimensions from here on are one run
    var count = 1
    while inner > 0 {
      inner -= 1
      count *= region.shape[inner]
      let length = region.shape[inner]
      guard source.shape[inner] == length, target.shape[inner] == length
      else { break }
    }
    lengths = Array(region.shape.dimensions[..<inner])
    runCount = count
    indices = Array(repeating: 0, count: inner)
    let (fromStrides, toStrides) = (source.shape.strides, target.shape.strides)
    sourceStrides = Array(fromStrides[..<inner])
    targetStrides = Array(toStrides[..<inner])
    var first = ElementRun(source: 0, target: 0, count: count)
    for axis in 0..<rank {
      first.source += (region.starts[axis] - source.starts[axis]) * fromStrides[axis]
      first.target += (region.starts[axis] - target.starts[axis]) * toStrides[axis]
    }
    upcoming = first
  }

  /// The only run; nothing if there are more.
  ///
  /// An empty region counts as one run of no elements.
  package var single: ElementRun? {
    var rest = self
    guard let run = rest.next() else { return ElementRun(source: 0, target: 0, count: 0) }
    return rest.next() == nil ? run : nil
  }

  /// The next run, in ascending order of its place.
  package mutating func next() -> ElementRun? {
    guard let current = upcoming else { return nil }
    upcoming = following(current)
    return current
  }

  // Counts the outer dimensions up by one, the last one fastest.
  private mutating func following(_ run: ElementRun) -> ElementRun? {
    var run = run
    for axis in indices.indices.reversed() {
      indices[axis] += 1
      run.source += sourceStrides[axis]
      run.target += targetStrides[axis]
      if indices[axis] < lengths[axis] { return run }
      indices[axis] = 0
      run.source -= lengths[axis] * sourceStrides[axis]
      run.target -= lengths[axis] * targetStrides[axis]
    }
    return nil
  }
}

extension TensorShape {
  /// How far apart neighbours are in each dimension, in elements of the row-major order.
  package var strides: [Int] {
    var strides = Array(repeating: 1, count: rank)
    for axis in dimensions.indices.dropLast().reversed() {
      // At most the number of elements; in an empty tensor it is of no use, and must not overflow.
      strides[axis] =
        strides[axis + 1].multipliedReportingOverflow(by: dimensions[axis + 1])
        .partialValue
    }
    return strides
  }
}
