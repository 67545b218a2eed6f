import CheckpointPlatform

/// An open file descriptor, closed exactly once.
struct Descriptor: ~Copyable {
  /// The number that the system knows it by.
  let number: CInt

  /// Opens a path; never inherited by child processes.
  init(opening path: String, flags: CInt, mode: mode_t = 0o666) throws(CheckpointError) {
    try checkPath(path)
    number = try systemCall("open", file: path) { unsafe open(path, flags | O_CLOEXEC, mode) }
  }

  deinit { _ = close(number) }  // only an error path or a reader comes here: nothing can be lost

  /// Closes, and tells whether the system could not keep what was written.
  consuming func finish(path: String) throws(CheckpointError) {
    let number = number
    discard self
    // Not through `systemCall`: after EINTR the descriptor is gone all the same (Linux, close(2)).
    guard close(number) == 0 || errno == EINTR else {
      throw .system("close", errno: errno, file: path)
    }
  }

  /// What the system says of the open file.
  func status(path: String) throws(CheckpointError) -> stat {
    var status = stat()
    try systemCall("stat", file: path) { unsafe fstat(number, &status) }
    return status
  }

  /// Reads until `output` is full or the file ends, and tells how many bytes that was.
  func read(into output: inout MutableRawSpan, at offset: UInt64, path: String)
    throws(CheckpointError) -> Int
  {
    let (start, end) = try Self.positions(offset, count: output.byteCount, path: path)
    var position = start
    while position < end {
      let rest = Int(position - start)..<output.byteCount
      let count = try systemCall("read \(rest.count) bytes at \(position)", file: path) {
        var room = output._mutatingExtracting(rest)
        return unsafe room.withUnsafeMutableBytes { buffer in
          unsafe pread(
            number, buffer.baseAddress, min(buffer.count, Self.largestTransfer), position)
        }
      }
      guard count > 0 else { break }
      position += off_t(count)  // at most `end`
    }
    return Int(position - start)
  }

  func read(into output: inout [UInt8], at offset: UInt64, path: String) throws(CheckpointError)
    -> Int
  {
    var span = output.mutableSpan
    var bytes = unsafe span.mutableBytes
    return try read(into: &bytes, at: offset, path: path)
  }

  /// Reads what comes next, `count` bytes at most; none at the end.
  func readNext(_ count: Int, path: String) throws(CheckpointError) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    let number = number
    let found = try systemCall("read", file: path) {
      unsafe bytes.withUnsafeMutableBytes {
        unsafe CheckpointPlatform.read(number, $0.baseAddress, $0.count)
      }
    }
    bytes.removeLast(count - found)  // at most `count` have come
    return bytes
  }

  /// Writes all bytes.
  func write(_ bytes: RawSpan, at offset: UInt64, path: String) throws(CheckpointError) {
    let (start, end) = try Self.positions(offset, count: bytes.byteCount, path: path)
    var position = start
    while position < end {
      let rest = Int(position - start)..<bytes.byteCount
      let count = try systemCall("write \(rest.count) bytes at \(position)", file: path) {
        unsafe bytes.extracting(rest).withUnsafeBytes { buffer in
          unsafe pwrite(
            number, buffer.baseAddress, min(buffer.count, Self.largestTransfer), position)
        }
      }
      position += off_t(count)  // at most `end`
    }
  }

  /// Makes what was written durable: the bytes of a file, the names in a directory.
  func sync(_ action: String = "sync", path: String) throws(CheckpointError) {
    try makeDurable(number, action, file: path)
  }

  // A range of a file in the system's own numbers, which are signed.
  private static func positions(_ offset: UInt64, count: Int, path: String) throws(CheckpointError)
    -> (start: off_t, end: off_t)
  {
    guard let end = offset.adding(UInt64(count)), let last = off_t(exactly: end) else {
      throw CheckpointError(
        .limitExceeded, "no file is so large that it has a byte \(offset)", file: path)
    }
    return (last - off_t(count), last)
  }

  // Linux moves at most 2 GiB a call, Darwin refuses more; chunks are far smaller than this.
  private static let largestTransfer = 1 << 30
}
