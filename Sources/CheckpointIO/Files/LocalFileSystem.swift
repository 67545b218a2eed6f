import CheckpointPlatform

/// The file system of this machine, by POSIX calls.
package struct LocalFileSystem: FileSystem {
  package init() {}

  package func openFile(_ path: String) throws(CheckpointError) -> any ReadableFile {
    try LocalReadableFile(path)
  }

  package func createFile(_ path: String, permissions: FilePermissions) throws(CheckpointError)
    -> any WritableFile
  {
    try LocalWritableFile(path, permissions: permissions)
  }

  package func reopenFile(_ path: String) throws(CheckpointError) -> any WritableFile {
    try LocalWritableFile(reopening: path)
  }

  package func rename(_ old: String, to new: String) throws(CheckpointError) {
    try checkPath(old)
    try checkPath(new)
    try systemCall("rename to \(new)", file: old) { unsafe Self.renameFile(old, new) }
  }

  package func link(_ existing: String, to new: String) throws(CheckpointError) -> Bool {
    try checkPath(existing)
    try checkPath(new)
    do throws(CheckpointError) {
      try systemCall("link to \(new)", file: existing) { unsafe Self.linkFile(existing, new) }
      return true
    } catch {
      guard error.saysUnsupported || [EPERM, EXDEV, EMLINK].contains(error.systemError) else {
        throw error
      }
      return false
    }
  }

  package func removeFile(_ path: String) throws(CheckpointError) {
    try checkPath(path)
    do throws(CheckpointError) {
      try systemCall("remove", file: path) { unsafe unlink(path) }
    } catch  where error.systemError == ENOENT {
      return
    }
  }

  package func removeDirectory(_ path: String) throws(CheckpointError) {
    try checkPath(path)
    do throws(CheckpointError) {
      try systemCall("remove directory", file: path) { unsafe rmdir(path) }
    } catch  where error.systemError == ENOENT {
      return
    }
  }

  package func createDirectory(_ path: String) throws(CheckpointError) {
    try checkPath(path)
    do throws(CheckpointError) {
      try systemCall("create directory", file: path) { unsafe mkdir(path, 0o777) }
    } catch  where error.systemError == EEXIST {
      guard try status(of: path)?.kind == .directory else { throw error }
    }
  }

  package func syncDirectory(_ path: String) throws(CheckpointError) {
    let directory = try Descriptor(opening: path, flags: O_RDONLY | O_DIRECTORY)
    do throws(CheckpointError) {
      try directory.sync("sync directory", path: path)
    } catch  where error.saysUnsupported || error.systemError == EINVAL {
      return  // a file system whose directories cannot be synced has no other way to offer
    }
  }

  package func status(of path: String) throws(CheckpointError) -> FileStatus? {
    try FileStatus(of: path)
  }

  package func entryStatus(of path: String) throws(CheckpointError) -> FileStatus? {
    try FileStatus(ofEntry: path)
  }

  package func lockFile(_ path: String, creating: Bool) throws(CheckpointError) -> (any LockedFile)?
  {
    try LocalLockedFile(path, creating: creating)
  }

  package func availableByteCount(at directory: String) -> UInt64? {
    guard !directory.utf8.contains(0), let status = volumeStatus(at: directory) else { return nil }
    let (count, overflows) = UInt64(status.f_bavail)
      .multipliedReportingOverflow(by: UInt64(status.f_frsize))
    return overflows ? nil : count
  }

  // The global functions, which the methods of the same names hide.
  private static func renameFile(_ old: UnsafePointer<CChar>, _ new: UnsafePointer<CChar>) -> CInt {
    unsafe renameat(AT_FDCWD, old, AT_FDCWD, new)
  }

  private static func linkFile(_ old: UnsafePointer<CChar>, _ new: UnsafePointer<CChar>) -> CInt {
    unsafe linkat(AT_FDCWD, old, AT_FDCWD, new, 0)
  }
}
