/// The data files of a save that are open: a bounded number, however many there are.
///
/// A process may have 1024 files open on many systems, 256 on some. Whoever writes to one too many closes
/// the one that was not written to for longest, which is opened again when there is more to write. Who writes
/// one file after the other closes each once.
package final class OutputPool {
  /// How many files a save has open at once; its lock file and its index come on top.
  package static let mostOpen = 96

  /// Whether there are more files than can be open.
  package private(set) var isCrowded = false
  private let capacity: Int
  private var open: [AtomicFile] = []  // the one that was written to last is the last

  /// Creates a pool without files.
  package init(capacity: Int = mostOpen) { self.capacity = max(1, capacity) }

  /// Makes a file, for which there is room then.
  ///
  /// - Throws: `io` if another one cannot be closed; what `make` throws.
  package func add(_ make: () throws(CheckpointError) -> AtomicFile) throws(CheckpointError)
    -> AtomicFile
  {
    try makeRoom()
    let file = try make()
    open.append(file)
    return file
  }

  /// Sees to it that a file is open, since it is about to be written to.
  ///
  /// - Throws: `io` if it cannot be opened, or another one cannot be closed.
  package func use(_ file: AtomicFile) throws(CheckpointError) {
    if let index = open.lastIndex(where: { $0 === file }) {
      if index + 1 < open.count { open.append(open.remove(at: index)) }
    } else {
      try makeRoom()
      try file.resume()
      open.append(file)
    }
    file.willWrite()
  }

  /// Forgets a file that is about to be closed for good.
  package func remove(_ file: AtomicFile) { open.removeAll { $0 === file } }

  private func makeRoom() throws(CheckpointError) {
    while open.count >= capacity {
      isCrowded = true
      try open.removeFirst().suspend()
    }
  }
}
