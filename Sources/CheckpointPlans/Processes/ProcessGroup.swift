public import CheckpointIO

/// The processes of a job, which save one checkpoint together.
///
///     let group = try LaunchedProcesses()  // under mpirun, srun, or a launcher like torchrun
///     let saver = try Saver(parts, options: SaveOptions(processes: group))
///
/// ``LaunchedProcesses`` is such a group for every launcher that tells a process its rank. To meet over
/// something else, MPI for example, conform to this protocol: the two methods are all there is to it.
///
/// All processes call the methods in the same order, one save at a time. A method may be called from another
/// thread than the one that made the group, but never from two threads at once.
public protocol ProcessGroup: Sendable {
  /// Which process this is, from 0 on.
  var rank: Int { get }
  /// How many processes there are.
  var count: Int { get }
  /// Hands the bytes of every process to the one of rank 0.
  ///
  /// - Parameters:
  ///   - bytes: What this process has to say.
  ///   - timeout: How long to wait for the others.
  /// - Returns: At rank 0, the bytes of every process, in the order of the ranks; `nil` elsewhere.
  /// - Throws: `timedOut`, with the ranks that did not come.
  func gather(_ bytes: [UInt8], timeout: Duration) throws(CheckpointError) -> [[UInt8]]?
  /// Hands the bytes of the process of rank 0 to all.
  ///
  /// - Parameters:
  ///   - bytes: What rank 0 has to say; `nil` elsewhere.
  ///   - timeout: How long to wait for them.
  /// - Returns: The bytes of rank 0.
  /// - Throws: `timedOut` if rank 0 does not come.
  func broadcast(_ bytes: [UInt8]?, timeout: Duration) throws(CheckpointError) -> [UInt8]
}

/// A group whose processes meet at a place that a save names: in the directory of the checkpoint.
package protocol ProcessGroupAtPlaces: ProcessGroup {
  /// Goes to where the others are.
  ///
  /// - Parameters:
  ///   - path: The same in all processes: what is being saved.
  ///   - files: How the files are written that they meet by.
  /// - Returns: A group for one save, whose ``ProcessGroup/gather(_:timeout:)`` waits for it to begin.
  func meeting(at path: String, _ files: FileOptions) -> any ProcessGroupForOneSave
}

/// A group that meets for one save.
package protocol ProcessGroupForOneSave: ProcessGroup {
  /// Ends it: nothing is left of it, if the others have heard the last word.
  func end()
}
