/// Variables whose names differ only in their numbers, and that therefore have their counterparts
/// together: `layer_#/kernel`.
struct NameFamily {
  /// A variable: its place in the list, and its numbers.
  struct Member {
    let index: Int
    let numbers: [Int]
  }

  /// The variables in the order of their numbers.
  var members: [Member]
  /// Its words, as numbers in a dictionary, in ascending order.
  let words: [Int]
  /// The same in the order of the name.
  let sequence: [Int]
  /// Its slot.
  let slot: String?
  /// Its role.
  let role: NameVocabulary.Role
  /// Which layer it belongs to.
  let parent: [UInt8]
}
