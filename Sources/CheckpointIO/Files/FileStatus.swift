/// What a path leads to.
package struct FileStatus: Sendable, Hashable {
  /// What kind of thing it is.
  package enum Kind: String, Sendable, CustomStringConvertible {
    case file = "a regular file"
    case directory = "a directory"
    /// Said only of a path itself, and never of what the path leads to.
    case link = "a symbolic link"
    case pipe = "a pipe"
    case other = "a device or a socket"

    /// Whether a checkpoint's file may be this: a file, or a link to one.
    package var isSaved: Bool { self == .file || self == .link }

    /// What to call it: "a pipe".
    package var description: String { rawValue }
  }
  /// What kind of thing it is.
  package var kind: Kind
  /// The size in bytes.
  package var byteCount: UInt64
  /// When its content last changed.
  package var modified: FileTime
  /// What tells it from all others that there are, whatever their paths: device and number.
  package var identity: [UInt64]
  /// How many names it has.
  package var linkCount: UInt64
  /// The number of the user whom it belongs to.
  package var owner: UInt32
  /// Who may read and write it.
  package var permissions: FilePermissions

  package init(
    kind: Kind, byteCount: UInt64, modified: FileTime, identity: [UInt64] = [],
    linkCount: UInt64 = 1, owner: UInt32 = 0, permissions: FilePermissions = .all
  ) {
    self.kind = kind
    self.byteCount = byteCount
    self.modified = modified
    self.identity = identity
    self.linkCount = linkCount
    self.owner = owner
    self.permissions = permissions
  }

  /// Whether two looks at a path have seen the same file, which nobody has written to in between: further
  /// names, and another owner, do not matter.
  package func isUnchanged(_ other: FileStatus) -> Bool {
    identity == other.identity && kind == other.kind && byteCount == other.byteCount
      && modified == other.modified
  }

  /// When its content last changed, in seconds since 1970.
  package var modificationTime: Double { modified.secondsSince1970 }
}

/// Who may read and write a file: its owner, its group, all others.
package struct FilePermissions: RawRepresentable, Sendable, Hashable {
  /// The bits as POSIX has them; those for running a program do not count.
  package let rawValue: UInt32

  package init(rawValue: UInt32) { self.rawValue = rawValue & 0o666 }

  /// Everybody may.
  package static let all = Self(rawValue: 0o666)
}
