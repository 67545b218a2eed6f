import CheckpointPlatform

/// What the tool was called with, byte by byte: names in checkpoints need not be UTF-8, which
/// `CommandLine.arguments` would repair.
enum ProcessArguments {
  /// The arguments without the name of the program.
  static var bytes: [[UInt8]] {
    let count = Int(CommandLine.argc)
    return (0..<count).dropFirst().compactMap { index in
      // The system passes `argc` strings that end with a 0 and live as long as the process.
      guard let text = unsafe CommandLine.unsafeArgv[index] else { return nil }
      let bytes = unsafe UnsafeRawBufferPointer(start: text, count: strlen(text))
      return unsafe Array(bytes)
    }
  }
}
