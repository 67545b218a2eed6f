/// The keys that somebody may have meant who asked for one that does not exist.
///
/// Likeness is the share of path components in common, then the edit distance of the whole.
package struct NearestKeys {
  /// The nearest keys, best first; empty if none is near.
  package let keys: [TensorKey]

  /// Finds the nearest of `candidates`, at most `limit` of them.
  ///
  /// Takes time linear in the number of candidates; only the few best are compared closely.
  package init(to wanted: TensorKey, among candidates: [TensorKey], limit: Int = 3) {
    let tokens = Self.tokens(wanted)
    let ranked = candidates.enumerated()
      .map { (index: $0.offset, score: Self.overlap(tokens, Self.tokens($0.element))) }
      .sorted { ($1.score, $0.index) < ($0.score, $1.index) }
      .prefix(32)
    let close = ranked.map { candidate in
      let key = candidates[candidate.index]
      return (key: key, likeness: max(candidate.score, Self.likeness(wanted.bytes, key.bytes)))
    }
    keys = close.filter { $0.likeness >= Self.leastLikeness }
      .sorted { ($1.likeness, $0.key) < ($0.likeness, $1.key) }
      .prefix(limit).map(\.key)
  }

  private static let leastLikeness = 0.5

  /// The end of a message: `; nearest is 'dense_1/kernel'`, or nothing.
  package var hint: String {
    guard !keys.isEmpty else { return "" }
    let names = keys.map { "'\($0)'" }.joined(separator: ", ")
    return "; nearest \(keys.count == 1 ? "is" : "are") \(names)"
  }

  // The components of a path, and of names with underscores; digits count as part of a word.
  private static func tokens(_ key: TensorKey) -> Set<ArraySlice<UInt8>> {
    Set(key.bytes.split { byte in "/_.: ".utf8.contains(byte) })
  }

  private static func overlap(_ left: Set<ArraySlice<UInt8>>, _ right: Set<ArraySlice<UInt8>>)
    -> Double
  {
    guard !left.isEmpty, !right.isEmpty else { return 0 }
    return 2 * Double(left.intersection(right).count) / Double(left.count + right.count)
  }

  // 1 - (edit distance / longer length): 1 if they are equal, 0 if they have nothing in common. Also 0, without
  // computing it, if it would be too small to matter.
  private static func likeness(_ left: [UInt8], _ right: [UInt8]) -> Double {
    let (left, right) = (left.suffix(200), right.suffix(200))  // bounds the quadratic part
    let (least, most) = (min(left.count, right.count), max(left.count, right.count))
    // The ratio of the lengths is an upper bound.
    guard most > 0, Double(least) >= leastLikeness * Double(most) else { return 0 }
    var row = Array(0...right.count)
    for (i, byte) in left.enumerated() {
      var diagonal = row[0]
      row[0] = i + 1
      for (j, other) in right.enumerated() {
        let replaced = diagonal + (byte == other ? 0 : 1)
        diagonal = row[j + 1]
        row[j + 1] = min(replaced, diagonal + 1, row[j] + 1)
      }
    }
    return 1 - Double(row[right.count]) / Double(most)
  }
}
