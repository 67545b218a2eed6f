internal import Synchronization

/// The files that a process reads, of which a bounded number is open at a time.
///
/// A process may have 1024 files open on many systems, 256 on some, and has others besides. Whoever
/// opens one too many closes the one that has not been used for longest, which is opened again when it
/// is needed: see `PooledFile`.
package final class FilePool: Sendable {
  /// The pool of this process: with those that are closed while a thread still reads from them, no more
  /// than 128 are open.
  ///
  /// Where a process may have only a few, there is room for others: libdispatch needs three for its
  /// threads, and ends the process without them.
  package static let shared = FilePool(capacity: min(112, max(1, mostOpenFiles - 16)))

  /// How many files are open at a time.
  package let capacity: Int
  private let members = Mutex<[Member]>([])

  // An open file; `nil` once nobody refers to it any more, which closes it.
  private struct Member {
    weak var file: PooledFile?
  }

  /// Creates a pool without files.
  package init(capacity: Int) { self.capacity = capacity }

  /// How many files are open.
  package var openCount: Int { members.withLock { members in members.count { $0.file != nil } } }

  /// Opens a file.
  ///
  /// - Parameters:
  ///   - path: The file.
  ///   - fileSystem: Where.
  ///   - insists: Whether all other files are closed if the system has no room for one more.
  /// - Returns: The open file, which the pool does not count before `add(_:)`.
  /// - Throws: `notFound` if there is none; `io` if the system fails.
  func open(_ path: String, in fileSystem: any FileSystem, insists: Bool) throws(CheckpointError)
    -> any ReadableFile
  {
    closeOldest(leaving: capacity - 1)
    do throws(CheckpointError) {
      return try fileSystem.openFile(path)
    } catch {
      guard insists, error.saysTooManyFiles, closeOldest(leaving: 0) > 0 else { throw error }
      return try fileSystem.openFile(path)
    }
  }

  /// Counts a file that has just been opened.
  func add(_ file: PooledFile) { members.withLock { $0.append(Member(file: file)) } }

  /// Counts a file no longer.
  func remove(_ file: PooledFile) {
    members.withLock { members in members.removeAll { $0.file == nil || $0.file === file } }
  }

  // Files are closed outside of the pool's lock, and nobody takes that lock while holding a file's own.
  @discardableResult
  private func closeOldest(leaving count: Int) -> Int {
    let closed = members.withLock { members in
      members.removeAll { $0.file == nil }
      let surplus = max(0, members.count - count)
      return (0..<surplus).compactMap { _ in Self.takeOldest(from: &members) }
    }
    for file in closed { file.suspend() }
    return closed.count
  }

  // A file that was used since it was last looked at has a second chance.
  private static func takeOldest(from members: inout [Member]) -> PooledFile? {
    for _ in members.indices {
      guard let file = members[0].file, file.forgetUse() else { break }
      members.append(members.removeFirst())
    }
    return members.removeFirst().file
  }
}
