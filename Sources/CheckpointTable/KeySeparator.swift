internal import CheckpointIO

/// Short keys for the index block, chosen exactly as TensorFlow chooses them.
///
/// Source: leveldb, util/comparator.cc, `BytewiseComparatorImpl`.
package enum KeySeparator {
  /// A short key that is at least `last` and less than `next`; appended to `output`.
  ///
  /// | last key  | next key  | separator |
  /// |-----------|-----------|-----------|
  /// | `aaa`     | `m`       | `b`       |
  /// | `bbb`     | `c`       | `bbb`     |
  /// | `x/05/y`  | `x/06/y`  | `x/05/y`  |
  package static func shortest(
    after last: Span<UInt8>, before next: Span<UInt8>, into output: inout [UInt8]
  ) {
    let common = last.commonPrefixCount(with: next)
    guard common < last.count, common < next.count,
      last[common] < 0xFF, last[common] + 1 < next[common]
    else { return append(last, to: &output) }
    append(last.extracting(..<common), to: &output)
    output.append(last[common] + 1)  // less than 0xFF before
  }

  /// A short key that is at least `last`; appended to `output`.
  ///
  /// The bytes before the first that can be raised, and that byte raised: `7a` becomes `7b`,
  /// `ff 03 7a` becomes `ff 04`. A key of nothing but `ff` stays.
  package static func successor(of last: Span<UInt8>, into output: inout [UInt8]) {
    guard let raised = last.indices.first(where: { last[$0] < 0xFF }) else {
      return append(last, to: &output)
    }
    append(last.extracting(..<raised), to: &output)
    output.append(last[raised] + 1)  // less than 0xFF before
  }

  private static func append(_ key: Span<UInt8>, to output: inout [UInt8]) {
    unsafe key.withUnsafeBufferPointer { unsafe output.append(contentsOf: $0) }
  }
}
