// The files of a V1 checkpoint with the path P:
//
//   P                             not sharded: one file, whatever its name
//   P-00000-of-0000N …            sharded: each file is complete in itself
//
// The path of a sharded checkpoint is the pattern P-?????-of-0000N: that is what TensorFlow's state
// files and savers say. The five question marks stand for the shard; nothing else is a pattern.
//
// Source: tensorflow/core/util/tensor_slice_reader.cc; core/kernels/save_restore_tensor.cc.

/// The path of a sharded V1 checkpoint, taken apart.
package struct SlicesPath: Hashable, Sendable {
  /// What the names of the files begin with.
  package let prefix: String
  /// How many files there are.
  package let shardCount: Int

  package init(prefix: String, shardCount: Int) {
    self.prefix = prefix
    self.shardCount = shardCount
  }

  /// Takes a pattern apart; `nil` for a path of another form.
  package init?(pattern: String) {
    guard let (prefix, shard, count) = Self.parts(pattern), shard == "?????" else { return nil }
    self.init(prefix: prefix, shardCount: count)
  }

  /// The checkpoint that a shard's path belongs to; `nil` for a path of another form.
  ///
  /// - Parameters:
  ///   - path: The path.
  ///   - countsFromOne: Whether the first shard has the number 1: not in TensorFlow's files.
  package init?(shard path: String, countsFromOne: Bool = false) {
    guard let (prefix, shard, count) = Self.parts(path) else { return nil }
    let numbers = countsFromOne ? 1..<count + 1 : 0..<count
    guard let number = Self.number(shard), numbers.contains(number) else { return nil }
    self.init(prefix: prefix, shardCount: count)
  }

  /// The path of the whole checkpoint.
  package var pattern: String { "\(prefix)-?????-of-\(ShardNumber.text(shardCount))" }

  /// The paths of the files.
  package var shards: [String] { (0..<shardCount).map(shard) }

  /// The path of a file.
  package func shard(_ number: Int) -> String {
    "\(prefix)-\(ShardNumber.text(number))-of-\(ShardNumber.text(shardCount))"
  }

  // P-SSSSS-of-NNNNN: 15 bytes behind the prefix.
  private static func parts(_ path: String) -> (prefix: String, shard: String, count: Int)? {
    let bytes = Array(path.utf8)
    guard bytes.count > suffixByteCount else { return nil }
    let suffix = bytes.suffix(suffixByteCount)
    let start = suffix.startIndex
    guard bytes[start] == UInt8(ascii: "-"),
      bytes[(start + 6)..<(start + 10)].elementsEqual("-of-".utf8),
      let count = number(String(decoding: suffix.suffix(5), as: UTF8.self)), count > 0
    else { return nil }
    let shard = String(decoding: bytes[(start + 1)..<(start + 6)], as: UTF8.self)
    return (String(decoding: bytes[..<start], as: UTF8.self), shard, count)
  }

  private static func number(_ digits: String) -> Int? {
    digits.utf8.allSatisfy { (0x30...0x39).contains($0) } ? Int(digits) : nil
  }

  /// More do not fit into a name of five digits.
  package static let largestShardCount = 99_999
  private static let suffixByteCount = 15
}
