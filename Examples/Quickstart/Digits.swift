import Foundation

/// A handwritten digit.
struct Digit {
  /// 8 rows of 8 pixels, from 0 for paper to 1 for ink.
  let pixels: [Float]
  /// Which digit it is, 0 to 9.
  let label: Int
}

/// Digits to learn from, and others to be tested with.
struct Digits {
  let training: [Digit]
  let test: [Digit]

  /// Reads a file of 65 bytes a digit: 64 pixels of 0 to 16, then the label.
  init(contentsOf path: String) throws {
    let bytes = [UInt8](try Data(contentsOf: URL(filePath: path)))
    let digits = stride(from: 0, to: bytes.count, by: 65).map { start in
      let pixels = bytes[start..<start + 64]
      return Digit(pixels: pixels.map { Float($0) / 16 }, label: Int(bytes[start + 64]))
    }
    training = Array(digits.prefix(1_437))
    test = Array(digits.dropFirst(1_437))
  }
}
