package import CheckpointIO

/// A region of a tensor that somebody wants to read, and the stored blocks that have its elements: the
/// tensor itself, or some of its parts.
package struct WantedRegion {
  /// A stored block, and what of it is wanted.
  package struct Part {
    /// Which of the parts it is, counted from 0; 0 for a tensor that is stored whole.
    package let index: Int
    /// The block's place in the whole tensor.
    package let place: TensorRegion
    /// What of it is wanted.
    package let wanted: TensorRegion
  }

  /// The region of the whole tensor that is wanted.
  package let region: TensorRegion
  /// The dtype and the shape of what is wanted.
  package let spec: TensorSpec
  /// The blocks that matter, in the order in which the tensor lists them.
  package let parts: [Part]

  /// A part of a tensor that is stored whole; all of it for `nil`.
  ///
  /// - Throws: `mismatch` for a slice that leaves the tensor's shape.
  package init(of whole: TensorSpec, slice: TensorSlice?) throws(CheckpointError) {
    let place = TensorRegion(all: whole.shape)
    region = try slice?.region(in: whole.shape) ?? place
    spec = TensorSpec(whole.dtype, region.shape)
    parts = [Part(index: 0, place: place, wanted: region)]
  }

  /// A part of a tensor that is stored in parts; all of it for `nil`.
  ///
  /// - Parameters:
  ///   - whole: The dtype and the shape of the whole tensor.
  ///   - slice: What is wanted.
  ///   - slices: The parts that a file lists.
  ///   - absence: What to say of elements that are in no part.
  /// - Throws: `mismatch` for a slice that leaves the tensor's shape; `notFound` if some of it is in no
  ///   part; `corrupt` for parts that do not fit the tensor or overlap.
  package init(
    of whole: TensorSpec, slice: TensorSlice?, in slices: [TensorSlice],
    absence: @autoclosure () -> String = "the others were never saved"
  ) throws(CheckpointError) {
    region = try slice?.region(in: whole.shape) ?? TensorRegion(all: whole.shape)
    spec = TensorSpec(whole.dtype, region.shape)
    parts = try StoredParts(listed: slices, of: whole.shape).covering(region, absence: absence())
  }

  /// The runs of elements to be copied out of a block.
  package func runs(of part: Part) -> ElementRuns {
    ElementRuns(of: part.wanted, from: part.place, to: region)
  }

  /// The elements of variable length.
  ///
  /// Whoever calls this knows that the files have as many: memory is asked for.
  ///
  /// - Parameter read: Gives the elements of a block; it gets its number among ``parts``, and the block.
  /// - Returns: What is wanted of them, in order.
  /// - Throws: What `read` throws.
  package func strings(
    _ read: (_ number: Int, _ part: Part) throws(CheckpointError) -> [[UInt8]]
  ) throws(CheckpointError) -> [[UInt8]] {
    var result = [[UInt8]](repeating: [], count: spec.shape.elementCount)
    for (number, part) in parts.enumerated() {
      let elements = try read(number, part)
      for run in runs(of: part) {
        for index in 0..<run.count { result[run.target + index] = elements[run.source + index] }
      }
    }
    return result
  }
}
