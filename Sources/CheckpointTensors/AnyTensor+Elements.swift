public import CheckpointIO

extension AnyTensor {
  /// How many bytes the elements take: numbers in memory, strings without their lengths.
  package var byteCount: Int {
    switch contents {
    case .bytes(let storage): storage.byteCount
    case .strings(let elements): elements.reduce(0) { $0 + $1.count }
    }
  }

  /// A new tensor, its elements copied from this one.
  ///
  /// - Parameters:
  ///   - spec: What it is; of the same dtype.
  ///   - arrange: Gets a function that copies elements: from where, to where, how many. It has to
  ///     fill the new tensor.
  /// - Returns: The new tensor.
  /// - Throws: `mismatch` for one that memory cannot hold; `io` if the system has not so much.
  package func elements(
    _ spec: TensorSpec, _ arrange: ((_ source: Int, _ target: Int, _ count: Int) -> Void) -> Void
  ) throws(CheckpointError) -> AnyTensor {
    if let strings {
      var result = [[UInt8]](repeating: [], count: spec.shape.elementCount)
      arrange { source, target, count in
        for index in 0..<count { result[target + index] = strings[source + index] }
      }
      return try AnyTensor(spec, .strings(result))
    }
    guard let storage, let width = spec.dtype.byteWidth, let byteCount = spec.byteCount else {
      throw CheckpointError(.mismatch, "a tensor \(spec) cannot be held in memory")
    }
    let result = try TensorStorage(allocating: byteCount)
    try result.withMutableBytes { bytes throws(CheckpointError) in
      arrange { source, target, count in
        let part = source * width..<(source + count) * width
        bytes.copy(storage.bytes.extracting(part), to: target * width)
      }
    }
    return try AnyTensor(spec, .bytes(result))
  }

  /// A part of the tensor, copied: what a ``TensorReader`` needs to give slices.
  ///
  /// - Parameter slice: Which part.
  /// - Returns: The part.
  /// - Throws: `mismatch` if the slice leaves the shape.
  public func part(_ slice: TensorSlice) throws(CheckpointError) -> AnyTensor {
    let whole = TensorRegion(all: spec.shape)
    let part = try slice.region(in: spec.shape)
    return try elements(TensorSpec(spec.dtype, part.shape)) { copy in
      for run in ElementRuns(of: part, from: whole, to: part) {
        copy(run.source, run.target, run.count)
      }
    }
  }
}
