import CheckpointIO
import CheckpointPlatform

/// A colour of text on a terminal; elsewhere text stays as it is.
///
/// Source: https://no-color.org, and ECMA-48, select graphic rendition.
enum Paint: Int {
  /// What is wrong.
  case red = 31
  /// What is there, or well.
  case green = 32
  /// What is different.
  case yellow = 33

  /// The text in this colour, if the standard output shows colours.
  func on(_ text: String) -> String {
    Self.isUsed ? "\u{1B}[\(rawValue)m\(text)\u{1B}[0m" : text
  }

  private static let isUsed =
    StandardStream.output.isTerminal && variable("NO_COLOR").isEmpty && variable("TERM") != "dumb"

  private static func variable(_ name: String) -> String {
    // The tool has one thread when it asks, and sets no variable.
    guard let value = unsafe getenv(name) else { return "" }
    return unsafe String(cString: value)
  }
}
