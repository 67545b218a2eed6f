/// Which version of the tool this is.
enum ToolVersion {
  /// The number, that of the package.
  static let number = "0.1.0"
}
