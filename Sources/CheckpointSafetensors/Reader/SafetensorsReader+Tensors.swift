package import CheckpointIO
package import CheckpointTensors

// Reading values: whole tensors, and parts of them.

extension SafetensorsReader: FormatReader {
  /// A tensor and what of it is asked for.
  package struct Found: FoundTensor {
    let entry: SafetensorsEntry
    /// What is wanted: the file has as many bytes, or more, which was checked at opening.
    package let wanted: WantedRegion
  }

  package func find(_ key: TensorKey, _ slice: TensorSlice?) throws(CheckpointError) -> Found? {
    guard let entry = catalog[key] else { return nil }
    return Found(entry: entry, wanted: try WantedRegion(of: entry.tensorEntry.spec, slice: slice))
  }

  package var keys: [TensorKey] { catalog.tensors.map(\.key) }

  package func read(_ found: Found, into output: inout MutableRawSpan) throws(CheckpointError) {
    let dtype = found.wanted.spec.dtype
    for part in found.wanted.parts {
      let runs = found.wanted.runs(of: part)
      try elements(of: found.entry).read(runs, width: dtype.byteWidth ?? 1, into: &output)
    }
    let numberWidth = dtype.byteOrderWidth ?? 1
    if 1.littleEndian != 1, numberWidth > 1 { output.reverseBytes(ofEvery: numberWidth) }
  }

  /// Nothing: the format has no strings.
  package func strings(of found: Found) -> [[UInt8]] { [] }
}
