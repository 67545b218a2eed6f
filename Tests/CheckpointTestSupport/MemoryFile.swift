package import CheckpointIO

/// A file that is an array: for readers of bytes that no file system has to hold.
package final class MemoryFile: ReadableFile {
  package let path: String
  package var byteCount: UInt64 { status.byteCount }
  package let status: FileStatus
  private let bytes: [UInt8]

  /// Creates a file with a path to appear in messages.
  ///
  /// - Parameters:
  ///   - bytes: What it holds.
  ///   - path: The path.
  ///   - status: What its file system says of it.
  package init(_ bytes: [UInt8], path: String = "memory.index", status: FileStatus? = nil) {
    self.bytes = bytes
    self.path = path
    self.status =
      status
      ?? FileStatus(kind: .file, byteCount: UInt64(bytes.count), modified: FileTime(seconds: 0))
  }

  package func read(into output: inout MutableRawSpan, at offset: UInt64) throws(CheckpointError) {
    let range = ByteRange(offset: offset, count: UInt64(output.byteCount))
    do throws(CheckpointError) {
      try range.checked(within: byteCount, what: "this part of the file")
    } catch {
      throw error.located(file: path)
    }
    for index in 0..<output.byteCount {
      output.storeBytes(of: bytes[Int(offset) + index], toByteOffset: index, as: UInt8.self)
    }
  }

  package func map() throws(CheckpointError) -> MappedFile {
    throw CheckpointError(.unsupported, "an array cannot be mapped", file: path)
  }
}
