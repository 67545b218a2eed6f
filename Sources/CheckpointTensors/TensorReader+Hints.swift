package import CheckpointIO

/// What somebody may have meant who asked for a tensor that is not there.
extension TensorReader {
  /// The end of a message: where the values are, or the nearest keys; empty if there are none.
  ///
  /// - Throws: As ``entries()`` says.
  package func hint(forMissing key: TensorKey) throws(CheckpointError) -> String {
    if let hint = try partHint(forMissing: key) { return hint }
    return NearestKeys(to: key, among: try entries().map(\.key)).hint
  }

  /// The hint for a part of a partitioned variable, by the name that the part has in a program:
  /// `emb/part_0` is a variable, of which the checkpoint has a slice of `emb`.
  ///
  /// Source: tensorflow/python/ops/partitioned_variables.py, and variable_scope.py,
  /// `_get_partitioned_variable`.
  ///
  /// - Returns: The end of a message; `nil` if the key is of no such part.
  /// - Throws: As ``entry(for:)`` says.
  package func partHint(forMissing key: TensorKey) throws(CheckpointError) -> String? {
    guard let (name, number) = key.asPartName, let whole = try entry(for: name),
      !whole.slices.isEmpty
    else { return nil }
    let slices = whole.slices.map { (slice: $0, starts: $0.starts) }
      .sorted { $0.starts.lexicographicallyPrecedes($1.starts) }.map(\.slice)
    let slice = slices.indices.contains(number) ? slices[number] : slices[0]
    return
      "; '\(name)' is stored in \(slices.count) slices: ask for '\(name)', or for a slice of it, "
      + "'\(slice)' (TensorSlice; in the tool --slice)"
  }
}

extension TensorKey {
  // Takes `emb/part_0` apart into `emb` and 0.
  fileprivate var asPartName: (name: TensorKey, number: Int)? {
    guard let slash = bytes.lastIndex(of: UInt8(ascii: "/")) else { return nil }
    let part = String(decoding: bytes[(slash + 1)...], as: UTF8.self)  // after a byte that is there
    guard part.hasPrefix("part_"), let number = Int(part.dropFirst(5)), number >= 0 else {
      return nil
    }
    return (TensorKey(bytes: Array(bytes[..<slash])), number)
  }
}

extension TensorSlice {
  // Where it begins in each dimension.
  fileprivate var starts: [Int] {
    extents.map { extent in
      switch extent {
      case .full: 0
      case .range(let start, _): start
      }
    }
  }
}
