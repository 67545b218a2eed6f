import CheckpointPlatform

/// Makes what was written to an open file, or the names in an open directory, survive a power cut.
///
/// - Parameters:
///   - descriptor: The file or directory.
///   - action: What it is called in a message.
///   - file: Its path.
///   - emptyDriveCache: The call that does more than `fsync`, on systems that have one.
/// - Throws: `io` if the system fails. Where a file system does not know the stronger call, `fsync` is all
///   that there is; any other failure of it is one.
package func makeDurable(
  _ descriptor: CInt, _ action: String, file: String,
  emptyDriveCache: ((CInt) -> CInt)? = CheckpointPlatform.emptyDriveCache
) throws(CheckpointError) {
  if let emptyDriveCache {
    do throws(CheckpointError) {
      try systemCall(action, file: file) { emptyDriveCache(descriptor) }
      return
    } catch {
      guard [ENOTSUP, EINVAL, ENOTTY].contains(error.systemError) else { throw error }
    }
  }
  try systemCall(action, file: file) { fsync(descriptor) }
}
