import CheckpointPlatform

/// What a person names on a command line: a file, or a pipe or device, whose end only reading finds.
package enum NamedInput {
  /// Reads it up to its end, and waits for whoever writes to a pipe.
  ///
  /// - Parameters:
  ///   - path: The path.
  ///   - limit: How many bytes are read at most.
  /// - Returns: The bytes; if there are `limit` of them, there may be more.
  /// - Throws: `notFound` if there is nothing; `notACheckpoint` for a directory; `io` if the system fails.
  package static func bytes(of path: String, atMost limit: Int) throws(CheckpointError) -> [UInt8] {
    let descriptor = try Descriptor(opening: path, flags: O_RDONLY)
    let kind = FileStatus(try descriptor.status(path: path)).kind
    guard kind != .directory else { throw .noFile(kind, path) }
    var bytes: [UInt8] = []
    while bytes.count < limit {
      let next = try descriptor.readNext(min(limit - bytes.count, pieceByteCount), path: path)
      guard !next.isEmpty else { break }
      bytes += next
    }
    return bytes
  }

  private static let pieceByteCount = 64 << 10
}
