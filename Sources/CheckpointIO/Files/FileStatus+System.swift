import CheckpointPlatform

extension FileStatus {
  /// What a path leads to; `nil` if there is nothing.
  init?(of path: String) throws(CheckpointError) {
    try self.init(path) { unsafe stat(path, &$0) }
  }

  /// What has this path itself, a symbolic link not followed; `nil` if there is nothing.
  init?(ofEntry path: String) throws(CheckpointError) {
    try self.init(path) { unsafe lstat(path, &$0) }
  }

  private init?(_ path: String, _ body: (inout stat) -> CInt) throws(CheckpointError) {
    try checkPath(path)
    var status = stat()
    do throws(CheckpointError) {
      try systemCall("stat", file: path) { body(&status) }
    } catch  where [ENOENT, ENOTDIR, ELOOP].contains(error.systemError) {
      return nil
    }
    self.init(status)
  }

  /// The part of the system's answer that is of use here.
  init(_ status: stat) {
    let time = status.modificationTime
    let kind: Kind =
      switch status.st_mode & S_IFMT {
      case S_IFREG: .file
      case S_IFDIR: .directory
      case S_IFLNK: .link
      case S_IFIFO: .pipe
      default: .other
      }
    self.init(
      kind: kind, byteCount: UInt64(clamping: status.st_size),
      modified: FileTime(
        seconds: Int64(time.tv_sec),
        nanoseconds: UInt32(truncatingIfNeeded: time.tv_nsec)  // less than a second
      ), identity: [UInt64(truncatingIfNeeded: status.st_dev), UInt64(status.st_ino)],
      linkCount: UInt64(status.st_nlink), owner: UInt32(status.st_uid),
      permissions: FilePermissions(rawValue: UInt32(status.st_mode)))
  }
}
