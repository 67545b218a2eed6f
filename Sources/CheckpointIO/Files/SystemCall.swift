// The one place where a system call's result becomes a value or an error.

import CheckpointPlatform

extension CheckpointError {
  /// An error of the operating system, in its own words.
  package static func system(_ action: String, errno number: CInt, file: String) -> CheckpointError
  {
    let reason = unsafe String(cString: strerror(number))
    let advice = advice(for: number, file).map { "; \($0)" } ?? ""
    let code: Code = number == ENOENT ? .notFound : .io
    var error = CheckpointError(code, "\(action): \(reason)\(advice)", file: file)
    error.systemError = number
    return error
  }

  private static func advice(for number: CInt, _ file: String) -> String? {
    switch number {
    case ENOSPC, EDQUOT:
      freeSpace(beside: file)
        + "free some room, or save elsewhere; older checkpoints are untouched"
    case EACCES, EPERM: "check who may read and write there"
    case EFBIG: "no file may be larger there: 'ulimit -f' shows the limit of this process"
    case EROFS: "save to a file system that can be written to"
    case EMFILE, ENFILE: "too many files are open in this process or system"
    case ENAMETOOLONG: "choose a shorter prefix"
    default: nil
    }
  }

  // What an ordinary user may still write there, if the system knows.
  private static func freeSpace(beside file: String) -> String {
    guard let system = volumeStatus(at: Path(file).directory) else { return "" }
    let byteCount = Double(system.f_bavail) * Double(system.f_frsize)
    return "\(Int64(min(byteCount / 1e6, 1e15))) MB are free there; "
  }
}

extension CheckpointError {
  /// The system's words for a disk that is full, or for a share of it that is used up; `nil` for anything else.
  var fullReason: String? {
    guard let number = systemError, number == ENOSPC || number == EDQUOT else { return nil }
    return unsafe String(cString: strerror(number))
  }
}

/// What the system says of the volume that a directory is on; `nil` if it does not.
func volumeStatus(at directory: String) -> statvfs? {
  var status = statvfs()
  do throws(CheckpointError) {
    try systemCall("ask for room", file: directory) { unsafe statvfs(directory, &status) }
    return status
  } catch {
    return nil
  }
}

/// How many files this process may have open at a time.
let mostOpenFiles: Int = {
  let count = sysconf(Int32(_SC_OPEN_MAX))
  return count > 0 ? count : .max
}()

/// The system's number for a full disk, which layers without its headers need as well.
package let noSpace = ENOSPC

extension CheckpointError {
  /// Whether the process, or the system, has as many files open as it may.
  package var saysTooManyFiles: Bool { systemError == EMFILE || systemError == ENFILE }

  /// Whether the system, or the file system, does not know what it was asked for.
  ///
  /// `ENOTSUP` and `EOPNOTSUPP` are one number on Linux, and two on Apple's systems, whose file systems
  /// answer with the first (intro(2)).
  package var saysUnsupported: Bool { [ENOTSUP, EOPNOTSUPP, ENOSYS].contains(systemError) }

  /// Whether a file that is open is gone on the server that has it.
  package var saysStaleFile: Bool { systemError == ESTALE }
}

/// The system's number for a name that something has already.
package let fileExists = EEXIST
/// The system's number for a directory that is to be removed, and has something in it.
package let notEmpty = ENOTEMPTY

/// The system's number for a name that nothing has.
package let missingFile = ENOENT

/// The system's number for a path through something that is no directory.
package let noDirectory = ENOTDIR

/// Makes a system call again for as long as a signal interrupts it, and takes `errno` at once.
///
/// - Parameters:
///   - action: What was to be done, for the message: "open", "write 512 bytes".
///   - file: The path it was to be done to.
///   - body: Makes the call; a negative result is a failure, and `errno` says why.
/// - Returns: What the call returned.
/// - Throws: `io` if it failed.
@discardableResult
package func systemCall<Result: SignedInteger>(
  _ action: @autoclosure () -> String, file: String, _ body: () -> Result
) throws(CheckpointError) -> Result {
  while true {
    let result = body()
    guard result < 0 else { return result }
    let number = errno
    guard number != EINTR else { continue }
    throw CheckpointError.system(action(), errno: number, file: file)
  }
}

/// Makes a system call again for as long as a signal interrupts it, where the same answer stands for
/// the end and for a failure, and only `errno` tells which it is.
///
/// - Parameters:
///   - action: What was to be done, for the message.
///   - file: The path it was to be done to.
///   - body: Makes the call; `nil` with `errno` set is a failure.
/// - Returns: What the call returned; `nil` at the end.
/// - Throws: `io` if it failed.
package func systemCall<Result>(
  _ action: @autoclosure () -> String, file: String, orNil body: () -> Result?
) throws(CheckpointError) -> Result? {
  while true {
    errno = 0
    if let result = body() { return result }
    let number = errno
    guard number != 0 else { return nil }
    guard number != EINTR else { continue }
    throw CheckpointError.system(action(), errno: number, file: file)
  }
}

/// Refuses a path that the system would read as another one: it ends at the first NUL, and knows no URLs.
package func checkPath(_ path: String) throws(CheckpointError) {
  guard !path.utf8.contains(0) else {
    throw CheckpointError(
      .invalidArgument, "a path cannot contain the character U+0000",
      file: String(path.unicodeScalars.map { $0 == "\0" ? "\u{FFFD}" : Character($0) }))
  }
  guard !path.isEmpty else { throw CheckpointError(.invalidArgument, "the path is empty") }
  try PathText.check(path)
}
