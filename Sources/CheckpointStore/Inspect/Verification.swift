import CheckpointBundle
public import CheckpointIO
import CheckpointSafetensors
import CheckpointSlices
import CheckpointTensors

/// The result of checking a checkpoint of any format from end to end: everything that its files say of
/// themselves.
///
/// - V2: every block of the index, every entry, the checksum of every value, and that slices exist and
///   fit together.
/// - V1: the checksum of every block, that every value decodes, and that slices exist and fit together.
/// - safetensors: the header, that the tensors cover the file exactly, and that it can be read. The
///   format has no checksums, which a note says.
///
///     let verification = try Verification(of: "run/ckpt-7")
///     for problem in verification.problems { print(problem) }
///
/// The values are read once, those of V2 by all cores, and not kept: memory is needed for the index
/// and, of V1, for the largest record.
public struct Verification: Sendable {
  /// The prefix, file or pattern.
  public let path: String
  /// How many tensors the index lists, as far as it can be read.
  public let tensorCount: Int
  /// How many bytes their values take in the files.
  public let byteCount: UInt64
  /// What is wrong, each with its file, offset and key as far as they are known; at most 1000.
  public let problems: [CheckpointError]
  /// How many problems there are, also those that are not listed.
  public let problemCount: Int
  /// What is allowed, but worth a look: tensors of which parts were never saved, and what the format
  /// does not let anybody check.
  public let notes: [String]

  /// Whether nothing is wrong.
  public var isIntact: Bool { problemCount == 0 }

  /// Checks a checkpoint.
  ///
  /// - Parameters:
  ///   - path: As for ``CheckpointReader/init(_:)``.
  ///   - fileSystem: Where.
  ///   - follower: Who follows it, and may stop it.
  ///   - found: Called with what is checked, once it is known; again, if that went away.
  ///   - progress: Called every few megabytes, from any thread but one at a time, with the number of
  ///     bytes that have been checked, and of all there are.
  /// - Throws: `notACheckpoint` if there is none; `io` if the system refuses to open or to read any of
  ///   it, with all problems that were found; `notFound` if it was deleted meanwhile, and `busy` if it
  ///   is replaced again and again, unless what was open is whole; `unsupported` if it is of a later
  ///   version; `cancelled` if it is to stop. Damage is a result, no error.
  package init(
    of path: String, fileSystem: any FileSystem, follower: OperationProgress?,
    found: (CheckpointLocation) -> Void,
    progress: @escaping @Sendable (_ checked: UInt64, _ total: UInt64) -> Void
  ) throws(CheckpointError) {
    let path = try PathText.path(path)
    var options = FileOptions()
    options.fileSystem = fileSystem
    let opening = CheckpointOpening(path, options.followed(by: follower).fileSystem)
    var location: CheckpointLocation?
    do throws(CheckpointError) {
      let findings = try opening.read { opened throws(CheckpointError) in
        if location != opened.location { found(opened.location) }
        location = opened.location
        let findings = opened.reader.findings {
          follower?.checked($0, of: $1)
          progress($0, $1)
        }
        try follower?.check()  // what is left unread is no damage
        try Self.check(findings, opened.reader)
        return findings
      }
      follower?.finish()
      self.path = location?.path ?? path
      tensorCount = findings.tensorCount
      byteCount = findings.byteCount
      problems = findings.problems.problems
      problemCount = findings.problems.count
      notes = findings.notes
    } catch  where Self.damage.contains(error.code) && !error.isOutdated {
      self.path = location?.path ?? path
      (tensorCount, byteCount, notes) = (0, 0, [])
      // Without an index nothing else can be found.
      problems = error.problems.isEmpty ? [error] : error.problems
      problemCount = problems.count
    }
  }

  // A checkpoint that was replaced meanwhile, or that the system refuses to read, is not thereby damaged.
  private static func check(_ findings: VerificationFindings, _ reader: CheckpointReader)
    throws(CheckpointError)
  {
    guard findings.problems.count > 0 else { return }
    if let change = try reader.change() { throw change.error(at: reader.path) }
    if let error = findings.problems.refusalError(for: reader.path) { throw error }
  }

  // Not the same as `isDamage`: here `notFound` is said of a file that the checkpoint itself names, and a path
  // that leads to no checkpoint at all is the caller's mistake.
  private static let damage: Set<CheckpointError.Code> = [
    .corrupt, .truncated, .limitExceeded, .notFound, .duplicateName, .several,
  ]
}
