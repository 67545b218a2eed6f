package import CheckpointIO
internal import Synchronization

/// A file that keeps a record of what was read from it.
package final class CountingFile: ReadableFile {
  private let file: any ReadableFile
  private let log = Mutex<[ByteRange]>([])

  /// Creates a file that reads another one.
  package init(_ file: any ReadableFile) { self.file = file }

  package var path: String { file.path }
  package var byteCount: UInt64 { file.byteCount }
  package var status: FileStatus { file.status }

  /// What was read, in order.
  package var reads: [ByteRange] { log.withLock { $0 } }

  package func read(into output: inout MutableRawSpan, at offset: UInt64) throws(CheckpointError) {
    let range = ByteRange(offset: offset, count: UInt64(output.byteCount))
    log.withLock { $0.append(range) }
    try file.read(into: &output, at: offset)
  }

  package func map() throws(CheckpointError) -> MappedFile { try file.map() }
}
