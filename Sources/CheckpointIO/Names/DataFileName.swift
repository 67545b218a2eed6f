// P.data-00001-of-0000N: shard and count have five digits, or more if they need them.
//
// Source: tensorflow/core/util/tensor_bundle/naming.cc.

/// A data file's name taken apart.
package struct DataFileName: Hashable, Sendable {
  /// The prefix, as far as the name has it.
  package let prefix: String
  /// Which shard, from 0 on.
  package let shard: Int
  /// Of how many.
  package let count: Int

  package init(prefix: String, shard: Int, count: Int) {
    self.prefix = prefix
    self.shard = shard
    self.count = count
  }

  /// The name.
  package var text: String {
    "\(prefix).data-\(ShardNumber.text(shard))-of-\(ShardNumber.text(count))"
  }

  /// What the names of all shards have in common, with question marks for the shard.
  package var pattern: String { "\(prefix).data-?????-of-\(ShardNumber.text(count))" }

  /// Takes a name apart; `nil` for a name that no bundle gives to a file.
  package init?(_ name: String) {
    guard let (prefix, shard, count) = name.utf8.withSpan(Self.parts) else { return nil }
    self.init(
      prefix: String(decoding: name.utf8.prefix(prefix), as: UTF8.self), shard: shard, count: count)
  }

  // How long the prefix is, and what follows it: `.data-00001-of-00002`.
  private static func parts(_ name: Span<UInt8>) -> (prefix: Int, shard: Int, count: Int)? {
    guard let dot = name.indices.last(where: { name[$0] == UInt8(ascii: ".") }),
      let start = name.end(of: ".data-", from: dot),
      let (shard, shardEnd) = number(in: name, from: start),
      let countStart = name.end(of: "-of-", from: shardEnd),
      let (count, end) = number(in: name, from: countStart), end == name.count
    else { return nil }
    return (dot, shard, count)
  }

  private static func number(in name: Span<UInt8>, from start: Int) -> (number: Int, end: Int)? {
    guard let (digits, end) = name.digits(from: start), end - start >= 5 else { return nil }
    return Int(exactly: digits).map { ($0, end) }
  }
}
