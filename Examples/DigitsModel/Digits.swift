import Foundation

/// A handwritten digit.
package struct Digit: Sendable {
  /// 8 rows of 8 pixels, from 0 for paper to 1 for ink.
  package let pixels: [Float]
  /// Which digit it is, 0 to 9.
  package let label: Int
}

/// Digits to learn from, and others to be tested with.
package struct Digits: Sendable {
  package let training: [Digit]
  package let test: [Digit]

  /// Reads the examples' own: 65 bytes a digit, 64 pixels of 0 to 16, then the label.
  package init() throws {
    let file = URL(filePath: ExampleData.path("digits.bin"))
    let bytes = [UInt8](try Data(contentsOf: file))
    let digits = stride(from: 0, to: bytes.count, by: 65).map { start in
      let pixels = bytes[start..<start + 64]
      return Digit(pixels: pixels.map { Float($0) / 16 }, label: Int(bytes[start + 64]))
    }
    training = Array(digits.prefix(1_437))
    test = Array(digits.dropFirst(1_437))
  }
}

/// The files that come with the examples.
package enum ExampleData {
  /// Where one of them is.
  package static func path(_ name: String) -> String {
    Bundle.module.bundleURL.appending(path: "Data/\(name)").path
  }
}
