package import CheckpointIO

extension TensorSlice {
  /// Checks that slices of one tensor fit it and have nothing in common.
  ///
  /// - Returns: Their regions.
  /// - Throws: `mismatch` for a slice that does not fit, and for two that overlap; `limitExceeded`
  ///   if there are too many side by side to be compared.
  @discardableResult
  package static func checkDisjoint(_ slices: [TensorSlice], in shape: TensorShape)
    throws(CheckpointError) -> [TensorRegion]
  {
    var regions: [TensorRegion] = []
    for slice in slices { regions.append(try slice.region(in: shape)) }
    guard let pair = try overlappingPair(regions) else { return regions }
    throw CheckpointError(.mismatch, "the slices \(slices[pair.0]) and \(slices[pair.1]) overlap")
  }

  // Regions are sorted along the dimension that tells most of them apart; each is compared with
  // those that begin before it ends.
  private static func overlappingPair(_ regions: [TensorRegion]) throws(CheckpointError) -> (
    Int, Int
  )? {
    guard regions.count > 1 else { return nil }
    guard let axis = mostTellingAxis(regions) else { return (0, 1) }  // scalars
    let order = regions.indices.sorted { regions[$0].starts[axis] < regions[$1].starts[axis] }
    var comparisons = 0
    for (place, index) in order.enumerated() {
      let end = regions[index].starts[axis] + regions[index].shape[axis]
      for other in order[(place + 1)...] {
        guard regions[other].starts[axis] < end else { break }
        comparisons += 1
        guard comparisons <= mostComparisons else {
          throw CheckpointError(.limitExceeded, "too many slices lie side by side to be compared")
        }
        if regions[index].intersection(regions[other]) != nil { return (index, other) }
      }
    }
    return nil
  }

  private static func mostTellingAxis(_ regions: [TensorRegion]) -> Int? {
    (0..<(regions.first?.shape.rank ?? 0)).max { left, right in
      Set(regions.map { $0.starts[left] }).count < Set(regions.map { $0.starts[right] }).count
    }
  }

  private static let mostComparisons = 1 << 24
}
