public import CheckpointIO
public import CheckpointPlans
import Foundation
import Synchronization

/// The processes that a launcher has started, which meet through files.
///
///     // mpirun -n 4 train, srun -n 4 train, torchrun --nproc-per-node 4 …
///     let group = try LaunchedProcesses()
///     print("process \(group.rank) of \(group.count)")
///     let saver = try Saver([table], options: SaveOptions(processes: group))
///
/// Nobody has to open a connection: the processes meet in the directory that they save to, which all have to
/// see. The files that they meet by are small, and gone after the save; what a job that died has left, the
/// next save removes.
///
/// A process that no launcher has started is the only one, so that the same program runs alone.
public struct LaunchedProcesses: ProcessGroup {
  /// Which process this is, from 0 on.
  public let rank: Int
  /// How many processes there are.
  public let count: Int
  /// What tells the job from others that save to the same directory at the same time; empty if the launcher
  /// has not told.
  public let job: String
  private let own: FileMeeting?

  /// Asks the environment, as Open MPI, MPICH, Slurm, launchers that speak PMIx, and torchrun and its like
  /// set it.
  ///
  /// - Parameter directory: Where to meet if the group is used by itself; a save has a directory of its own.
  /// - Throws: `invalidArgument` if it makes no sense.
  public init(directory: String? = nil) throws(CheckpointError) {
    try self.init(environment: ProcessInfo.processInfo.environment, directory: directory)
  }

  /// The same with an environment of the caller's.
  package init(environment: [String: String], directory: String? = nil) throws(CheckpointError) {
    let launcher = try LauncherEnvironment(environment)
    self.init(launcher.rank, launcher.count, launcher.job, directory)
  }

  /// Names the processes: for a launcher of your own.
  ///
  /// - Parameters:
  ///   - rank: Which process this is, from 0 on.
  ///   - count: How many there are.
  ///   - job: What tells the job from others that save to the same directory; the same in all processes.
  ///   - directory: Where to meet if the group is used by itself; a save has a directory of its own.
  /// - Throws: `invalidArgument` if there is no such process.
  public init(rank: Int, count: Int, job: String = "", directory: String? = nil)
    throws(CheckpointError)
  {
    try LauncherEnvironment.check(rank, of: count, "the caller")
    self.init(rank, count, job, directory)
  }

  private init(_ rank: Int, _ count: Int, _ job: String, _ directory: String?) {
    (self.rank, self.count, self.job) = (rank, count, job)
    own = directory.map {
      FileMeeting(rank, count, at: Self.target(Path.join($0, "processes"), job), FileOptions())
    }
  }

  /// Hands the bytes of every process to the one of rank 0.
  ///
  /// - Throws: `invalidArgument` without a directory; otherwise as ``ProcessGroup/gather(_:timeout:)``.
  public func gather(_ bytes: [UInt8], timeout: Duration) throws(CheckpointError) -> [[UInt8]]? {
    try meeting().gather(bytes, timeout: timeout)
  }

  /// Hands the bytes of the process of rank 0 to all.
  ///
  /// - Throws: `invalidArgument` without a directory; otherwise as ``ProcessGroup/broadcast(_:timeout:)``.
  public func broadcast(_ bytes: [UInt8]?, timeout: Duration) throws(CheckpointError) -> [UInt8] {
    try meeting().broadcast(bytes, timeout: timeout)
  }

  private func meeting() throws(CheckpointError) -> FileMeeting {
    if let own { return own }
    throw CheckpointError(
      .invalidArgument,
      "these processes meet in the directory of a save; to meet without one, name a directory: "
        + "LaunchedProcesses(directory:)")
  }

  // Names are compared byte by byte: what is no usual character becomes one.
  fileprivate static func target(_ path: String, _ job: String) -> String {
    guard !job.isEmpty else { return "\(path).meeting" }
    let usual = job.utf8.prefix(60).map { byte -> Character in
      let character = Character(UnicodeScalar(byte))
      return character.isASCII && (character.isLetter || character.isNumber) ? character : "-"
    }
    var checksum = CRC32C()
    let bytes = Array(job.utf8)
    unsafe checksum.update(bytes.span.bytes)
    return "\(path).meeting-\(String(usual))-\(String(checksum.masked, radix: 16))"
  }
}

extension LaunchedProcesses: ProcessGroupAtPlaces {
  package func meeting(at path: String, _ files: FileOptions) -> any ProcessGroupForOneSave {
    FileMeeting(rank, count, at: Self.target(path, job), files)
  }
}
