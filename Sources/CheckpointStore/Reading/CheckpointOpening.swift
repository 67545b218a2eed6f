package import CheckpointIO
import CheckpointTensors

// Whoever asks for a directory gets the newest checkpoint in it: if that one goes away while it is being
// opened, the one that is the newest by then. Whoever names a checkpoint gets that one: if it is replaced, its
// successor at that path; if it is deleted, an error. A checkpoint that goes away is not a damaged one.

/// How a checkpoint is opened and read beside somebody who replaces or deletes it.
package struct CheckpointOpening: Sendable {
  /// Finds the checkpoint; called again if the one that it found has gone.
  package typealias Search =
    @Sendable (any FileSystem) throws(CheckpointError) -> CheckpointLocation

  private let path: String
  private let search: Search
  private let fileSystem: any FileSystem

  /// Names a checkpoint that has to be found.
  package init(_ path: String, _ fileSystem: any FileSystem, search: @escaping Search) {
    (self.path, self.search, self.fileSystem) = (path, search, fileSystem)
  }

  /// Names the checkpoint of a prefix, or of a file or pattern of V1 or safetensors.
  package init(prefix path: String, _ fileSystem: any FileSystem) {
    self.init(path, fileSystem) { _ in CheckpointLocation(path: path) }
  }

  /// A checkpoint that is open.
  package struct Opened: Sendable {
    /// What reads it.
    package let reader: CheckpointReader
    /// How the path led to it.
    package let location: CheckpointLocation
  }

  /// Opens the checkpoint: what becomes of its names later does not matter, as long as its files are not
  /// too many to be open at once.
  ///
  /// - Throws: `notACheckpoint` if there is none; `notFound` if it was deleted meanwhile; `busy` if it goes
  ///   away again and again; what opening throws.
  package func open() throws(CheckpointError) -> Opened {
    try read { opened throws(CheckpointError) in opened }
  }

  /// Opens the checkpoint, and does something with it; again, if it goes away meanwhile.
  ///
  /// - Parameter body: Reads it. It is not called again once variables have changed, which its error says.
  /// - Returns: What `body` returns.
  /// - Throws: As ``open()``; what `body` throws.
  package func read<Result>(_ body: (Opened) throws(CheckpointError) -> Result)
    throws(CheckpointError) -> Result
  {
    var attempts = attempts
    while true {
      let opened = try attempts.next()
      do throws(CheckpointError) {
        return try body(opened)
      } catch {
        try attempts.goOn(after: error)
      }
    }
  }

  /// The same, step by step: for somebody who reads it in several steps.
  package var attempts: Attempts { Attempts(opening: self) }

  /// The attempts to read a checkpoint, one after the other.
  package struct Attempts: Sendable {
    fileprivate let opening: CheckpointOpening
    private var count = 0
    private var current: Attempt?
    private var last: Attempt?

    fileprivate init(opening: CheckpointOpening) { self.opening = opening }

    /// Opens the checkpoint.
    ///
    /// - Throws: As ``CheckpointOpening/open()``.
    package mutating func next() throws(CheckpointError) -> Opened {
      while true {
        try checkCount()
        var attempt = Attempt(location: try opening.search(opening.fileSystem))
        current = attempt
        do throws(CheckpointError) {
          let reader = try CheckpointReader(
            attempt.location.path, fileSystem: opening.fileSystem)
          attempt.reader = reader
          current = attempt
          return Opened(reader: reader, location: attempt.location)
        } catch {
          try goOn(after: error)
        }
      }
    }

    /// Goes on after what was opened could not be read, if it went away meanwhile.
    ///
    /// - Throws: The error, with what is known of its cause, if that is no reason to begin again.
    package mutating func goOn(after error: CheckpointError) throws(CheckpointError) {
      guard var attempt = current, try attempt.mayBegin(againAfter: error, last) else {
        throw try (current?.explained(error) ?? error).namingForeignContent(in: opening.fileSystem)
      }
      attempt.reader = nil
      (current, last) = (nil, attempt)
    }

    private mutating func checkCount() throws(CheckpointError) {
      guard count < Self.mostTries else {
        throw CheckpointError(
          .busy,
          "a checkpoint was read \(Self.mostTries) times, and went away each time; let whoever saves keep "
            + "more of them, or try again later", file: opening.path)
      }
      count += 1
    }

    private static let mostTries = 10
  }
}

/// An attempt to read a checkpoint, which has failed.
private struct Attempt: Sendable {
  let location: CheckpointLocation
  /// What read it, if it could be opened.
  var reader: CheckpointReader?

  /// Whether there is another checkpoint to be read, or the same anew.
  func mayBegin(againAfter error: CheckpointError, _ last: Attempt?) throws(CheckpointError) -> Bool
  {
    guard !error.hasChangedVariables else { return false }
    guard let reader else { return mayOpen(againAfter: error, last) }
    guard error.maySayChange, let change = try reader.change() else { return error.isOutdated }
    return change == .replaced || location.isNewest
  }

  /// Says of wrong bytes that the checkpoint was deleted meanwhile, if it was.
  func explained(_ error: CheckpointError) throws(CheckpointError) -> CheckpointError {
    guard !error.hasChangedVariables, !error.isOutdated, error.maySayChange else { return error }
    return try reader?.change()?.error(at: location.path) ?? error
  }

  // A checkpoint that was found in a directory and then could not be opened may have gone in between.
  private func mayOpen(againAfter error: CheckpointError, _ last: Attempt?) -> Bool {
    guard location.isNewest else { return error.isOutdated && error.code == .busy }
    let saysAbsence = error.isOutdated || [.notFound, .notACheckpoint].contains(error.code)
    return saysAbsence && last?.location != location
  }
}
