import CheckpointBundle
public import CheckpointIO

/// The result of checking a checkpoint from end to end: every block of the index, every entry, every
/// checksum of every value.
///
///     let verification = try Verification(of: "run/ckpt-7")
///     for problem in verification.problems { print(problem) }
///
/// The values are read once, by all cores, and not kept: memory is needed for the index only.
public struct Verification: Sendable {
  /// The prefix.
  public let path: String
  /// How many tensors the index lists, as far as it can be read.
  public let tensorCount: Int
  /// How many bytes their values take in the files.
  public let byteCount: UInt64
  /// What is wrong, each with its file, offset and key as far as they are known; at most 1000.
  public let problems: [CheckpointError]
  /// How many problems there are, also those that are not listed.
  public let problemCount: Int
  /// What is allowed, but worth a look: tensors of which parts were never saved.
  public let notes: [String]

  /// Whether nothing is wrong.
  public var isIntact: Bool { problemCount == 0 }

  /// Checks the checkpoint of a prefix.
  ///
  /// - Parameters:
  ///   - prefix: The prefix.
  ///   - progress: Called every few megabytes, from any thread but one at a time, with the number of
  ///     bytes that have been checked, and of all there are.
  /// - Throws: `notACheckpoint` if there is no index; `io` if it cannot be opened; `unsupported` if it
  ///   is of a later version. Damage is a result, no error.
  public init(
    of prefix: String,
    progress: @escaping @Sendable (_ checked: UInt64, _ total: UInt64) -> Void = { _, _ in }
  ) throws(CheckpointError) {
    path = prefix
    do throws(CheckpointError) {
      let reader = try BundleReader(prefix: prefix)
      let findings = BundleVerifier(reader).verify(progress: progress)
      tensorCount = findings.tensorCount
      byteCount = findings.byteCount
      problems = findings.problems.problems
      problemCount = findings.problems.count
      notes = findings.notes
    } catch  where Self.damage.contains(error.code) {
      (tensorCount, byteCount, notes) = (0, 0, [])
      (problems, problemCount) = ([error], 1)  // without an index nothing else can be found
    }
  }

  private static let damage: Set<CheckpointError.Code> = [.corrupt, .truncated, .limitExceeded]
}
