/// A file that is an array.
package final class BytesFile: ReadableFile {
  package let path: String
  package var byteCount: UInt64 { UInt64(bytes.count) }
  package var status: FileStatus {
    FileStatus(kind: .file, byteCount: byteCount, modified: FileTime(seconds: 0))
  }
  private let bytes: [UInt8]

  /// Takes what it holds, and what messages call it.
  package init(_ bytes: [UInt8], path: String) { (self.bytes, self.path) = (bytes, path) }

  package func read(into output: inout MutableRawSpan, at offset: UInt64) throws(CheckpointError) {
    let range = ByteRange(offset: offset, count: UInt64(output.byteCount))
    do throws(CheckpointError) {
      try range.checked(within: byteCount, what: "this part of the file")
    } catch {
      throw error.located(file: path)
    }
    let start = Int(offset)  // within the array
    let count = output.byteCount
    unsafe output.withUnsafeMutableBytes { target in
      unsafe bytes.withUnsafeBytes { source in
        unsafe target.copyMemory(
          from: UnsafeRawBufferPointer(rebasing: source[start..<start + count]))
      }
    }
  }

  package func map() throws(CheckpointError) -> MappedFile {
    throw CheckpointError(.unsupported, "an array cannot be mapped", file: path)
  }
}
