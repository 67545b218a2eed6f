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
    "\(prefix).data-\(Self.fiveDigits(shard))-of-\(Self.fiveDigits(count))"
  }

  /// What the names of all shards have in common, with question marks for the shard.
  package var pattern: String { "\(prefix).data-?????-of-\(Self.fiveDigits(count))" }

  private static func fiveDigits(_ number: Int) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, 5 - digits.utf8.count)) + digits
  }

  /// Takes a name apart; `nil` for a name that no bundle gives to a file.
  package init?(_ name: String) {
    guard let mark = name.lastRange(of: ".data-") else { return nil }
    let numbers = name[mark.upperBound...].split(separator: "-", omittingEmptySubsequences: false)
    guard numbers.count == 3, numbers[1] == "of" else { return nil }
    guard let shard = Self.number(numbers[0]), let count = Self.number(numbers[2]) else {
      return nil
    }
    self.prefix = String(name[..<mark.lowerBound])
    self.shard = shard
    self.count = count
  }

  private static func number(_ digits: Substring) -> Int? {
    guard digits.utf8.count >= 5, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
      return nil
    }
    return Int(digits)
  }
}

extension String {
  // The last place of a text, byte by byte.
  fileprivate func lastRange(of text: String) -> Range<String.Index>? {
    var end = endIndex
    while let last = self[..<end].utf8.lastIndex(of: UInt8(ascii: ".")) {
      let rest = self[last...]
      if rest.utf8.starts(with: text.utf8) {
        return last..<utf8.index(last, offsetBy: text.utf8.count)
      }
      end = last
    }
    return nil
  }
}
