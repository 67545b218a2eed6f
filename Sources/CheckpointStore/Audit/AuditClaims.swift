import CheckpointIO

/// Whose the files are that have the names of lock files and temporary files.
final class AuditClaims {
  private let directory: String
  private let fileSystem: any FileSystem
  private var noted: [FileName: NotedFiles] = [:]  // by the lock's target

  init(directory: String, fileSystem: any FileSystem) {
    (self.directory, self.fileSystem) = (directory, fileSystem)
  }

  /// What the note of a lock claims.
  private enum NotedFiles {
    case busy
    case names(Set<FileName>)
    case none(String)
  }

  /// Forgets what notes claimed: somebody may have changed them.
  func forget() { noted = [:] }

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
  ///
  /// - Throws: `io` if the system refuses.
  func claim(onLockOf target: String) throws(CheckpointError) -> Claim {
    try claim(on: target) { _ throws(CheckpointError) in true }
  }

  /// Whose a temporary file is.
  ///
  /// - Parameter file: The name that it is to get.
  /// - Returns: Whose it is.
  /// - Throws: `io` if the system refuses.
  func claim(onTemporary file: String) throws(CheckpointError) -> Claim {
    let name = FileName(Path(TemporaryName.temporary(for: file)).name)
    var claims: [Claim] = []
    for target in Self.owners(ofTemporary: file) {
      switch try notedFiles(of: target) {
      case .busy: claims.append(.busy)
      case .names(let names): claims.append(names.contains(name) ? .dead : .none(Self.unproved))
      case .none(let reason): claims.append(.none(reason))
      }
    }
    let isClaimed = claims.first { if case .none = $0 { false } else { true } }
    return isClaimed ?? claims[0]
  }

  private static let unproved = "no save has noted it; if it is of no use, remove it"

  private func notedFiles(of target: String) throws(CheckpointError) -> NotedFiles {
    if let known = noted[FileName(target)] { return known }
    var names: Set<FileName> = []
    let claim = try claim(on: target) { lock throws(CheckpointError) in
      let leftovers = try Leftovers(directory: directory, fileSystem: fileSystem)
      names = Set(try leftovers.files(of: lock))
      return true
    }
    let found: NotedFiles =
      switch claim {
      case .busy: .busy
      case .dead: .names(names)
      case .none(let reason): .none(reason)
      }
    noted[FileName(target)] = found
    return found
  }

  // All files of a checkpoint have one lock, that of its prefix; a single file has its own.
  private static func owners(ofTemporary file: String) -> [String] {
    switch CheckpointFileName(file) {
    case .index(let prefix), .graph(let prefix): [prefix, file]
    case .data(let data): [data.prefix, file]
    case .part(let parts) where parts.isSafetensors: [model, parts.prefix, file]
    case .part(let parts): [parts.prefix, file]
    case .modelIndex: [model, file]
    case .single where CheckpointName.isSafetensors(file): [file, model]
    default: [file]
    }
  }

  // The files of a model directory are written under the lock of this name in it.
  private static let model = "model"

  /// Whether somebody holds the lock; one that is not there nobody holds.
  ///
  /// - Throws: `io` if the system refuses.
  func isBusy(_ target: String) throws(CheckpointError) -> Bool {
    if case .busy = try claim(onLockOf: target) { true } else { false }
  }

  /// Whether an empty lock file was created this instant: whoever saves takes it a moment later, which may
  /// be a while on a busy machine.
  ///
  /// - Throws: `io` if the system refuses.
  func isBeingTaken(_ target: String) throws(CheckpointError) -> Bool {
    for _ in 0..<10 {
      pause(for: .milliseconds(10))
      guard case .dead = try claim(onLockOf: target) else { return true }
    }
    return false
  }

  private func claim(
    on target: String, _ isDead: (SaveLock) throws(CheckpointError) -> Bool
  ) throws(CheckpointError) -> Claim {
    let path = Path.join(directory, target)
    do throws(CheckpointError) {
      guard try fileSystem.entryStatus(of: TemporaryName.lock(for: path)) != nil else {
        return .none(Self.unproved)
      }
      let lock = try SaveLock(path, creating: false, fileSystem: fileSystem)
      guard let lock, lock.isExclusive else { return .busy }
      return try isDead(lock) ? .dead : .none(Self.unproved)
    } catch  where !error.saysNothingOfContent {
      return .none(error.message)
    }
  }
}
