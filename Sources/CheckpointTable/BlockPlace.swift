internal import CheckpointIO

/// Where a block's bytes come from, for messages.
struct BlockPlace: Sendable {
  /// The path of the file.
  var file: String
  /// The offset of the stored block in the file.
  var offset: UInt64
  /// Whether offsets within the block are those after decompression.
  var isCompressed = false

  /// A place for blocks that are not from a file.
  init(file: String, offset: UInt64) {
    self.file = file
    self.offset = offset
  }

  /// An error about the byte at `position` of the block.
  @inline(never)  // the message is built only when something is wrong
  func damaged(_ finding: String, at position: Int) -> CheckpointError {
    guard isCompressed else {
      return .damaged(finding, file: file, offset: offset &+ UInt64(position))
    }
    let place = "byte \(position) of the decompressed block"
    return .damaged("\(place): \(finding)", file: file, offset: offset)
  }
}
