import CheckpointIO
import Synchronization

/// A file that can stop to be readable.
final class FailingFile: ReadableFile {
  private let file: any ReadableFile
  let fails = Mutex(false)

  init(_ file: any ReadableFile) { self.file = file }

  var path: String { file.path }
  var byteCount: UInt64 { file.byteCount }
  var status: FileStatus { file.status }

  func read(into output: inout MutableRawSpan, at offset: UInt64) throws(CheckpointError) {
    guard !fails.withLock({ $0 }) else {
      throw CheckpointError(.io, "read: Input/output error", file: path, offset: offset)
    }
    try file.read(into: &output, at: offset)
  }

  func map() throws(CheckpointError) -> MappedFile { try file.map() }
}
