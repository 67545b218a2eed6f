import CheckpointIO

/// Whose the files are that have the names of lock files and temporary files.
struct AuditClaims {
  let directory: String
  let fileSystem: any FileSystem

  /// Whose a file is.
  enum Claim {
    /// Somebody holds the lock, or may hold it.
    case busy
    /// A dead save's, as its note proves.
    case dead
    /// Nothing proves it; why.
    case none(String)
  }

  /// Whose a lock file is.
  func claim(onLockOf target: String) -> Claim {
    claim(on: target) { _ throws(CheckpointError) in true }
  }

  /// Whose a temporary file is.
  ///
  /// - Parameter file: The name that it is to get.
  /// - Returns: Whose it is.
  func claim(onTemporary file: String) -> Claim {
    let name = FileName(Path(TemporaryName.temporary(for: file)).name)
    let claims = Self.owners(ofTemporary: file).map { target in
      claim(on: target) { lock throws(CheckpointError) in
        let leftovers = try Leftovers(directory: directory, fileSystem: fileSystem)
        return try leftovers.temporaries(of: lock).contains(name)
      }
    }
    let isClaimed = claims.first { if case .none = $0 { false } else { true } }
    return isClaimed ?? claims[0]
  }

  // All files of a checkpoint have one lock, that of its prefix; a single file has its own.
  private static func owners(ofTemporary file: String) -> [String] {
    switch CheckpointFileName(file) {
    case .index(let prefix), .graph(let prefix): [prefix, file]
    case .data(let data): [data.prefix, file]
    case .part(let parts): [parts.prefix, file]
    default: [file]
    }
  }

  /// Whether somebody holds the lock; one that is not there nobody holds.
  func isBusy(_ target: String) -> Bool {
    if case .busy = claim(onLockOf: target) { true } else { false }
  }

  /// Whether an empty lock file was created this instant: whoever saves takes it a moment later.
  func isBeingTaken(_ target: String) -> Bool {
    pause(milliseconds: 10)
    if case .dead = claim(onLockOf: target) { return false }
    return true
  }

  private func claim(
    on target: String, _ isDead: (SaveLock) throws(CheckpointError) -> Bool
  ) -> Claim {
    let path = Path.join(directory, target)
    do throws(CheckpointError) {
      guard try fileSystem.entryStatus(of: TemporaryName.lock(for: path)) != nil else {
        return .none("no save has noted it; if it is of no use, remove it")
      }
      let lock = try SaveLock(path, creating: false, fileSystem: fileSystem)
      guard let lock, lock.isExclusive else { return .busy }
      return try isDead(lock) ? .dead : .none("no save has noted it; if it is of no use, remove it")
    } catch {
      return .none(error.message)
    }
  }
}
