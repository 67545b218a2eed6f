package import CheckpointIO
package import CheckpointTensors

// Reading values: whole tensors, and parts of them.

extension SafetensorsReader {
  /// Reads the elements of a tensor, or of a part of it, into memory of the caller.
  ///
  /// - Throws: As ``TensorReader/read(_:slice:into:)`` says; `unsupported` if the element type is not
  ///   read here. There are no checksums to be wrong.
  package func read(_ key: TensorKey, slice: TensorSlice?, into output: inout MutableRawSpan)
    throws(CheckpointError)
  {
    do throws(CheckpointError) {
      let wanted = try find(key, slice)
      guard output.byteCount == wanted.spec.byteCount else {
        throw CheckpointError(
          .mismatch,
          "\(wanted.spec) takes \(wanted.spec.byteCount ?? 0) bytes, "
            + "there is room for \(output.byteCount)")
      }
      try read(wanted, into: &output)
    } catch {
      throw explained(error).located(file: path, key: key.description)
    }
  }

  /// Reads a tensor, or a part of it, into new memory.
  ///
  /// - Throws: As ``read(_:slice:into:)`` does.
  package func tensor(for key: TensorKey, slice: TensorSlice?) throws(CheckpointError) -> AnyTensor
  {
    do throws(CheckpointError) {
      let wanted = try find(key, slice)
      // The file has as many bytes, or more: they were checked at opening.
      let storage = TensorStorage(uninitializedByteCount: wanted.spec.byteCount ?? 0)
      try storage.withMutableBytes { bytes throws(CheckpointError) in
        try read(wanted, into: &bytes)
      }
      return try AnyTensor(wanted.spec, .bytes(storage))
    } catch {
      throw explained(error).located(file: path, key: key.description)
    }
  }

  // A tensor and the region of it that is asked for.
  private struct Wanted {
    let entry: SafetensorsEntry
    let dtype: DType
    let region: TensorRegion

    var spec: TensorSpec { TensorSpec(dtype, region.shape) }
  }

  private func find(_ key: TensorKey, _ slice: TensorSlice?) throws(CheckpointError) -> Wanted {
    guard let entry = header[key] else {
      let nearest = NearestKeys(to: key, among: header.tensors.map(\.key))
      throw CheckpointError(.notFound, "there is no such tensor\(nearest.hint)")
    }
    let dtype = try entry.tensorEntry.spec.dtype
    let region = try slice?.region(in: entry.shape) ?? TensorRegion(all: entry.shape)
    return Wanted(entry: entry, dtype: dtype, region: region)
  }

  private func read(_ wanted: Wanted, into output: inout MutableRawSpan) throws(CheckpointError) {
    let runs = ElementRuns(
      of: wanted.region, from: TensorRegion(all: wanted.entry.shape), to: wanted.region)
    let width = wanted.dtype.byteWidth ?? 1
    try elements(of: wanted.entry).read(runs, width: width, into: &output)
    let numberWidth = wanted.dtype.byteOrderWidth ?? 1
    if 1.littleEndian != 1, numberWidth > 1 { output.reverseBytes(ofEvery: numberWidth) }
  }
}
