extension TensorSpec {
  /// Parts of the tensor that follow each other in memory, of about so many elements at most; one that is the
  /// whole, if it has no more.
  package func parts(ofElements limit: Int) -> [TensorSlice] {
    let dimensions = shape.dimensions
    // The outermost dimension along which one step is no larger than a part; along the innermost, a step is one
    // element.
    var (axis, step) = (0, shape.elementCount)
    while axis < dimensions.count {
      step /= max(1, dimensions[axis])
      if step <= limit || axis == dimensions.count - 1 { break }
      axis += 1
    }
    guard axis < dimensions.count, shape.elementCount > limit else {
      return [.all(rank: shape.rank)]
    }
    let length = max(1, limit / max(1, step))
    let inner = Array(repeating: TensorSlice.Extent.full, count: dimensions.count - axis - 1)
    return Self.places(dimensions[..<axis]).flatMap { outer in
      stride(from: 0, to: dimensions[axis], by: length).map { start in
        let extent = TensorSlice.Extent.range(
          start: start, length: min(length, dimensions[axis] - start))
        return TensorSlice(outer + [extent] + inner)
      }
    }
  }

  // Every step along the outer dimensions, in order. Each step has more elements than a part, so there are few.
  private static func places(_ dimensions: ArraySlice<Int>) -> [[TensorSlice.Extent]] {
    dimensions.reduce([[]]) { places, dimension in
      places.flatMap { place in
        (0..<dimension).map { place + [.range(start: $0, length: 1)] }
      }
    }
  }
}
