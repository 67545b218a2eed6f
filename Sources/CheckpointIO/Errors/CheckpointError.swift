/// Why a checkpoint could not be saved, restored or read.
///
/// Programs switch on ``code``; people read ``description``, which says where, what was found, what
/// was expected and what to do about it.
///
///     do {
///       try saver.restore(from: "run/model-1000")
///     } catch let error where error.code == .notFound {
///       print(error)  // run/model-1000: no key 'dense/kernel'; nearest is 'dense_1/kernel' (notFound)
///     }
///
/// The low layer knows the offset, the next the file, the next the key: each adds what it knows.
public struct CheckpointError: Error, Sendable, CustomStringConvertible {
  /// The kind of failure.
  public struct Code: Sendable, Hashable, CustomStringConvertible {
    private let name: String

    private init(_ name: String) { self.name = name }

    /// The bytes contradict the file format.
    public static let corrupt = Code("corrupt")
    /// The file ends before the bytes it promises.
    public static let truncated = Code("truncated")
    /// The operating system refused; ``CheckpointError/systemError`` carries its number.
    public static let io = Code("io")
    /// There is no such key, checkpoint or file.
    public static let notFound = Code("notFound")
    /// A path does not lead to a checkpoint.
    public static let notACheckpoint = Code("notACheckpoint")
    /// A dtype, shape or slice differs from what was asked for.
    public static let mismatch = Code("mismatch")
    /// The format or the file uses something that this library does not do.
    public static let unsupported = Code("unsupported")
    /// An argument has a value that makes no sense.
    public static let invalidArgument = Code("invalidArgument")
    /// Two things carry one name.
    public static let duplicateName = Code("duplicateName")
    /// A name or a place stands for two things.
    public static let ambiguousName = Code("ambiguousName")
    /// Two files of one operation would have the same path.
    public static let pathConflict = Code("pathConflict")
    /// A number in the file is larger than the limit set for reading.
    public static let limitExceeded = Code("limitExceeded")
    /// Another saver is writing the same files.
    public static let busy = Code("busy")
    /// Somebody stopped it before it came to its end.
    public static let cancelled = Code("cancelled")
    /// Other processes of the same job did not come in time; the message names them.
    public static let timedOut = Code("timedOut")
    /// Several problems were found; ``CheckpointError/problems`` lists each.
    public static let several = Code("several")

    /// The name of the code, as it stands at the end of a message.
    public var description: String { name }

    /// The code of a name that another process has sent.
    package init?(named name: String) {
      guard !name.isEmpty else { return nil }
      self.name = name
    }
  }

  /// The kind of failure.
  public var code: Code
  /// What was found, what was expected, and what to do about it.
  public var message: String
  /// The file or prefix, once a layer that knows it has seen the error.
  public var file: String?
  /// The byte offset within ``file``.
  public var offset: UInt64?
  /// The checkpoint key, once a layer that knows it has seen the error.
  public var key: String?
  /// The operating system's error number (`errno`), if it was the one to refuse.
  public var systemError: Int32?
  /// All problems, if there are several: one check reports everything it found.
  public var problems: [CheckpointError] = []
  /// Whether what was being read has been deleted or replaced meanwhile: what is there now may be whole.
  package var isOutdated = false
  /// Whether variables have changed before it came to this: nobody may begin again with another checkpoint.
  package var hasChangedVariables = false

  /// Creates an error; what is not known yet, a layer above fills in.
  public init(
    _ code: Code, _ message: String, file: String? = nil, offset: UInt64? = nil, key: String? = nil
  ) {
    self.code = code
    self.message = message
    self.file = file
    self.offset = offset
    self.key = key
  }

  /// One line: where, what, and the kind; a line for each of several problems follows.
  ///
  /// No more than 20 kB: of many problems the first ones are shown and the others counted;
  /// ``problems`` has all of them.
  public var description: String {
    var text = "\(place)\(message) (\(code))"
    for (shown, problem) in problems.enumerated() {
      let line = "\n  - \(problem)"
      guard shown == 0 || text.utf8.count + line.utf8.count <= Self.textByteCount else {
        return text + "\n  - … \(problems.count - shown) more"
      }
      text += line
    }
    return text
  }

  /// A line for a list: of several problems the first, and how many more there are.
  package var summary: String {
    guard let first = problems.first else { return description }
    let more = problems.count - 1
    return more == 0 ? first.summary : "\(first.summary); and \(more) more"
  }

  // In bytes. The last line, which is added to it, is short: all together is less than 20 kB.
  private static let textByteCount = 16 << 10

  /// The same error with a remark behind its message.
  package func adding(_ remark: String) -> CheckpointError {
    var error = self
    error.message += "; " + remark
    return error
  }

  /// Whether it says nothing of what was to be read: the system refused, or somebody stopped it.
  package var saysNothingOfContent: Bool { code == .io || code == .cancelled }

  private var place: String {
    let parts = [file, offset.map { "byte \($0)" }, key.map { "key '\($0)'" }]
    return parts.compactMap { $0 }.map { "\($0): " }.joined()
  }
}

extension CheckpointError {
  /// The same error with what the caller knows, where a layer below did not say it already.
  package func located(file: String? = nil, offset: UInt64? = nil, key: String? = nil)
    -> CheckpointError
  {
    var error = self
    error.file = error.file ?? file
    error.offset = error.offset ?? offset
    error.key = error.key ?? key
    return error
  }

  /// The same error, its offset counted from `base` on: for a parser of a part of a file.
  package func shifted(by base: UInt64) -> CheckpointError {
    var error = self
    error.offset = (error.offset ?? 0) &+ base
    return error
  }

  /// One error for a list of problems: the problem itself if it is the only one.
  ///
  /// - Parameters:
  ///   - problems: What was found.
  ///   - file: The file that all of them are about.
  ///   - summary: Says what the problems have in common; used if there are several.
  /// - Returns: `nil` if there are no problems.
  package static func combining(
    _ problems: [CheckpointError], file: String? = nil, summary: (Int) -> String
  ) -> CheckpointError? {
    guard let first = problems.first else { return nil }
    guard problems.count > 1 else { return first.located(file: file) }
    let alike = problems.allSatisfy { $0.code == first.code }
    var error = CheckpointError(alike ? first.code : .several, summary(problems.count), file: file)
    error.problems = problems
    return error
  }
}
