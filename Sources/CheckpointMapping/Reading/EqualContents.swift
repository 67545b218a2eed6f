package import CheckpointIO
package import CheckpointTensors

// Tensors with several places: a variable that a program reached in two ways that it did not know to be
// one, as Keras 3 exports its weights.

extension TensorReader {
  /// The tensor that several keys stand for: the first that is stored, if all that are stored have
  /// equal contents.
  ///
  /// Values are read only where dtype and shape agree, a part at a time.
  ///
  /// - Parameter keys: The keys; at least one.
  /// - Returns: Its key; `nil` if the contents differ.
  /// - Throws: `corrupt`, `io` and the like if they cannot be read.
  package func commonKey(of keys: [TensorKey]) throws(CheckpointError) -> TensorKey? {
    guard keys.count > 1 else { return keys[0] }
    var entries: [TensorEntry] = []
    for key in keys { if let entry = try entry(for: key) { entries.append(entry) } }
    guard let first = entries.first else { return keys[0] }
    for other in entries.dropFirst() {
      guard try haveEqualContents(first, other) else { return nil }
    }
    return first.key
  }

  private func haveEqualContents(_ one: TensorEntry, _ other: TensorEntry)
    throws(CheckpointError) -> Bool
  {
    guard one.key != other.key else { return true }
    guard one.spec == other.spec else { return false }
    for part in one.spec.parts(ofBytes: 16 << 20) {
      let tensor = try tensor(for: one.key, slice: part)
      guard try tensor == self.tensor(for: other.key, slice: part) else { return false }
    }
    return true
  }
}

extension TensorSpec {
  // Parts along the outermost dimension, in order, about as large as said; `nil` stands for all of it.
  fileprivate func parts(ofBytes limit: Int) -> [TensorSlice?] {
    guard let byteCount, byteCount > limit, let rows = shape.dimensions.first, rows > 1 else {
      return [nil]
    }
    let step = max(1, limit / max(1, byteCount / rows))
    let others = Array(repeating: TensorSlice.Extent.full, count: shape.rank - 1)
    return stride(from: 0, to: rows, by: step).map { start in
      TensorSlice([.range(start: start, length: min(step, rows - start))] + others)
    }
  }
}
