/// A number in the names of data files and of V1 shards: `00001`.
enum ShardNumber {
  /// Five digits, or more if it needs them.
  static func text(_ number: Int) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, 5 - digits.utf8.count)) + digits
  }
}
