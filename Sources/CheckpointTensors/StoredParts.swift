package import CheckpointIO

/// The parts that a tensor is stored in: each fits its shape, and no two overlap.
///
/// Source: tensorflow/core/util/tensor_slice_set.cc.
package struct StoredParts {
  /// The shape of the whole tensor.
  package let shape: TensorShape
  /// The place of each part in the whole tensor, in the order of the list.
  package let places: [TensorRegion]

  /// Takes the parts of a tensor.
  ///
  /// - Throws: `mismatch` for a part that does not fit, and for two that overlap; `limitExceeded` if
  ///   there are too many of them, or too many side by side to be compared.
  package init(_ slices: [TensorSlice], of shape: TensorShape) throws(CheckpointError) {
    guard slices.count <= Self.largestCount else {
      throw CheckpointError(
        .limitExceeded,
        "\(slices.count) slices of one tensor, at most \(Self.largestCount) are read")
    }
    var places: [TensorRegion] = []
    for slice in slices { places.append(try slice.region(in: shape)) }
    if let pair = try Self.overlappingPair(places) {
      throw CheckpointError(
        .mismatch, "the slices \(slices[pair.0]) and \(slices[pair.1]) overlap")
    }
    self.shape = shape
    self.places = places
  }

  /// Takes the parts that a file lists.
  ///
  /// - Throws: `corrupt` where ``init(_:of:)`` throws `mismatch`: the file contradicts itself.
  package init(listed slices: [TensorSlice], of shape: TensorShape) throws(CheckpointError) {
    do throws(CheckpointError) {
      try self.init(slices, of: shape)
    } catch {
      throw CheckpointError(error.code == .mismatch ? .corrupt : error.code, error.message)
    }
  }

  /// How many elements the parts have.
  package var elementCount: Int {
    // No overflow: the parts are disjoint, so the sum is at most the shape's own count.
    places.reduce(0) { $0 + $1.shape.elementCount }
  }

  /// What a verification notes if some elements are in no part; `nil` if the parts are the whole.
  package var gap: String? {
    let count = elementCount
    guard count < shape.elementCount else { return nil }
    return "its slices have \(count) of \(shape.elementCount) elements; the others were never saved"
  }

  /// Finds the parts that have elements of a region.
  ///
  /// - Parameters:
  ///   - region: What is wanted of the tensor.
  ///   - absence: What to say of elements that are in no part.
  /// - Returns: Those parts, and what of each is wanted.
  /// - Throws: `notFound` if there are such elements.
  package func covering(
    _ region: TensorRegion, absence: @autoclosure () -> String = "the others were never saved"
  ) throws(CheckpointError) -> [WantedRegion.Part] {
    var parts: [WantedRegion.Part] = []
    var count = 0
    for (index, place) in places.enumerated() {
      // An empty region intersects nothing, but an empty tensor is stored as a part, too.
      let common = place == region ? region : place.intersection(region)
      guard let common else { continue }
      parts.append(WantedRegion.Part(index: index, place: place, wanted: common))
      count += common.shape.elementCount  // disjoint parts of one tensor: at most its count
    }
    guard count == region.shape.elementCount else {
      throw CheckpointError(
        .notFound,
        "only \(count) of the \(region.shape.elementCount) elements asked for are stored, "
          + "in \(places.count) slices; \(absence())")
    }
    return parts
  }

  /// How many elements of a region parts have, as long as they do not overlap: for a plan, which leaves
  /// that to the reader.
  ///
  /// - Throws: `mismatch` for a part that does not fit the shape.
  package static func elementCount(
    of region: TensorRegion, in slices: [TensorSlice], of shape: TensorShape
  ) throws(CheckpointError) -> Int {
    var count = 0
    for slice in slices {
      let common = try slice.region(in: shape).intersection(region)
      count = count.addingReportingOverflow(common?.shape.elementCount ?? 0).partialValue
    }
    return count
  }

  // MARK: Overlap

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

  // No tensor of a real program is cut into more; comparing them all takes time.
  private static let largestCount = 1 << 16
  private static let mostComparisons = 1 << 22
}
