import Foundation

/// The example's checkpoints, and what TensorFlow answered with them.
struct LegacyFiles {
  private let directory: String

  /// What the networks are asked.
  static let sample: [Float] = [0.5, -1, 0.25, 2]
  /// What the network over words is asked.
  static let word = 7

  init(_ directory: String) { self.directory = directory }

  func path(_ name: String) -> String { "\(directory)/\(name)" }

  /// Compares an answer with TensorFlow's, but for the rounding of sums.
  func compare(_ answer: [Float], with name: String) throws {
    let answers = try JSONDecoder().decode(
      [String: [Float]].self, from: Data(contentsOf: URL(filePath: path("answers.json"))))
    let expected = answers[name] ?? []
    let isEqual =
      answer.count == expected.count
      && zip(answer, expected).allSatisfy { abs($0 - $1) < 1e-5 }
    try check(isEqual, "the answer \(answer), where TensorFlow's is \(expected),")
    print("  answers \(answer), as in TensorFlow")
  }

  func check(_ isRight: Bool, _ what: String) throws {
    if !isRight { throw WrongValue(description: "\(what) is wrong") }
  }
}

/// Something that was restored is not what was saved.
struct WrongValue: Error, CustomStringConvertible {
  let description: String
}
