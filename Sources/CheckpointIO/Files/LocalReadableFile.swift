import CheckpointPlatform

/// A file of this machine, open for positioned reads; a descriptor is all it holds.
final class LocalReadableFile: ReadableFile {
  let path: String
  let byteCount: UInt64
  let status: FileStatus
  private let descriptor: Descriptor

  init(_ path: String) throws(CheckpointError) {
    // Without waiting: a pipe would wait for its other end.
    let descriptor = try Descriptor(opening: path, flags: O_RDONLY | O_NONBLOCK)
    let status = FileStatus(try descriptor.status(path: path))
    guard status.kind == .file else { throw .noFile(status.kind, path) }
    self.path = path
    byteCount = status.byteCount
    self.status = status
    self.descriptor = descriptor
  }

  func read(into output: inout MutableRawSpan, at offset: UInt64) throws(CheckpointError) {
    let wanted = output.byteCount
    let range = ByteRange(offset: offset, count: UInt64(wanted))
    do throws(CheckpointError) {
      try range.checked(within: byteCount, what: "this part of the file")
    } catch {
      throw error.located(file: path)
    }
    let count = try descriptor.read(into: &output, at: offset, path: path)
    guard count == wanted else {
      throw CheckpointError(
        .truncated,
        "the file became shorter while it was being read",
        file: path,
        offset: offset + UInt64(count)  // within the size at opening: it fits
      )
    }
  }

  func map() throws(CheckpointError) -> MappedFile {
    try MappedFile(descriptor: descriptor.number, byteCount: byteCount, path: path)
  }
}

extension CheckpointError {
  /// The error for something that cannot be read as a file.
  static func noFile(_ kind: FileStatus.Kind, _ path: String) -> CheckpointError {
    let found = kind == .directory ? "a directory" : "no regular file"
    return CheckpointError(.notACheckpoint, "this is \(found), a file is needed", file: path)
  }
}
