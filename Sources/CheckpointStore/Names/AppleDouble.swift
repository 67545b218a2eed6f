import CheckpointIO

/// What macOS keeps of a file where the file system has no room for it: `._model.safetensors` beside
/// `model.safetensors`.
///
/// Source: RFC 1740, appendix B.
enum AppleDouble {
  /// What such a file begins with.
  static let magic: [UInt8] = [0x00, 0x05, 0x16, 0x07]

  /// Whether a file is one, by its name and its first bytes; one that cannot be read is none.
  static func isOne(_ path: String, _ fileSystem: any FileSystem) -> Bool {
    guard Path(path).name.begins(with: "._"), (try? fileSystem.status(of: path))??.kind == .file,
      let file = try? fileSystem.openFile(path), file.byteCount >= UInt64(magic.count)
    else { return false }
    return (try? file.bytes(at: 0, count: magic.count)) == magic
  }
}
