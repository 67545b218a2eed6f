public import CheckpointIO
import CheckpointBundle
public import CheckpointGraph
import CheckpointTensors

/// Saves and restores variables by name, as TensorFlow's `tf.compat.v1.train.Saver` does.
///
///     let saver = try Saver(["dense/kernel": kernel, "dense/bias": bias])
///     let path = try saver.save(to: "run/model", step: 1000)  // run/model-1000
///     try saver.restore(from: path)
///
/// The files are TensorFlow's V2 checkpoints: it restores what is saved here, and what it saved is
/// restored here.
///
/// Not safe for use by several threads at once.
/// Source: tensorflow/python/training/saver.py, `Saver`.
public final class Saver {
  /// How a saver saves.
  public struct Options: Sendable {
    /// How the files are written: durably by default.
    public var files = SaveOptions()
    /// How many digits a step number has at least, with zeros in front.
    ///
    /// None are added by default; TensorFlow's `pad_step_number` means 8.
    public var stepPadding = 0
    /// Whether the directory's state file gets to know each save: it does by default.
    public var updatesState = true
    /// The name of the state file; savers that share a directory need different ones.
    public var stateFilename = "checkpoint"

    /// Creates the default options.
    public init() {}
  }

  /// The variables in byte order of their names: the order in which they are stored.
  public let variables: [(name: String, variable: any TensorVariable)]
  private let options: Options
  private var history: [String] = []

  /// Creates a saver of variables under the given names.
  ///
  /// - Throws: One error with every problem: `duplicateName` for a name, or a variable, that occurs
  ///   twice; `invalidArgument` for an empty name, and if there are no variables.
  public init(
    _ variables: KeyValuePairs<String, any TensorVariable>,
    options: Options = Options()
  ) throws(CheckpointError) {
    let named = variables.map { (name: $0.key, variable: $0.value) }
    self.variables = try Self.checked(named)
    self.options = options
  }

  /// Creates a saver of variables under the given names.
  ///
  /// - Throws: As ``init(_:options:)-(KeyValuePairs<String,TensorVariable>,_)``.
  @_disfavoredOverload  // literals are pairs, so that a name that occurs twice is an error
  public convenience init(
    _ variables: [String: any TensorVariable],
    options: Options = Options()
  ) throws(CheckpointError) {
    try self.init(pairs: variables.map { ($0.key, $0.value) }, options: options)
  }

  /// Creates a saver of variables under their own names.
  ///
  /// - Throws: As for given names; `invalidArgument` for a variable without a name.
  public convenience init(
    _ variables: [any TensorVariable],
    options: Options = Options()
  ) throws(CheckpointError) {
    var named: [(String, any TensorVariable)] = []
    var problems: [CheckpointError] = []
    for (index, variable) in variables.enumerated() {
      if let name = variable.name {
        named.append((name, variable))
      } else {
        problems.append(
          CheckpointError(
            .invalidArgument,
            "variable \(index) of the list, \(variable.tensorSpec), has no name; "
              + "give it one, or use Saver([name: variable])"
          )
        )
      }
    }
    if let error = CheckpointError.combining(problems, summary: Self.summary) { throw error }
    try self.init(pairs: named, options: options)
  }

  private init(
    pairs: [(String, any TensorVariable)],
    options: Options
  ) throws(CheckpointError) {
    variables = try Self.checked(pairs.map { (name: $0.0, variable: $0.1) })
    self.options = options
  }

  private static func checked(
    _ variables: [(name: String, variable: any TensorVariable)]
  ) throws(CheckpointError) -> [(name: String, variable: any TensorVariable)] {
    var problems: [CheckpointError] = []
    if variables.isEmpty {
      problems.append(CheckpointError(.invalidArgument, "a saver needs a variable at least"))
    }
    var names: Set<TensorKey> = []
    var owners: [ObjectIdentifier: String] = [:]
    for (name, variable) in variables {
      if name.isEmpty {
        problems.append(CheckpointError(.invalidArgument, "a variable cannot have an empty name"))
      } else if !names.insert(TensorKey(name)).inserted {
        problems.append(
          CheckpointError(.duplicateName, "two variables have the name '\(name)'", key: name)
        )
      }
      if let other = owners.updateValue(name, forKey: ObjectIdentifier(variable)), other != name {
        problems.append(
          CheckpointError(
            .duplicateName,
            "one variable has two names, '\(other)' and '\(name)'",
            key: name
          )
        )
      }
    }
    if let error = CheckpointError.combining(problems, summary: summary) { throw error }
    return variables.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
  }

  private static func summary(_ count: Int) -> String {
    "these variables cannot be saved, for \(count) reasons"
  }

  // MARK: Saving

  /// Saves the variables.
  ///
  /// - Parameters:
  ///   - path: What the names of the files begin with: `run/model`.
  ///   - step: Goes behind the path: `run/model-1000`. Not negative.
  /// - Returns: The prefix, for ``restore(from:mapping:options:)``.
  /// - Throws: `invalidArgument` for a negative step; `pathConflict` if the state file would have
  ///   the checkpoint's name; `busy` if somebody else is saving there; `io` if the system fails. A
  ///   checkpoint that stood there stands still then, and nothing is left behind.
  @discardableResult
  public func save(to path: String, step: Int? = nil) throws(CheckpointError) -> String {
    let prefix = try prefix(path, step)
    let stateFile = try stateFile(for: prefix)
    let plan = SavePlan(
      items: variables.map { SavePlan.Item($0.variable, key: TensorKey($0.name)) }
    )
    try SaveExecutor(options: options.files).save(plan, to: prefix)
    try record(prefix, in: stateFile)
    return prefix
  }

  private func prefix(_ path: String, _ step: Int?) throws(CheckpointError) -> String {
    guard let step else { return path }
    guard step >= 0 else {
      throw CheckpointError(.invalidArgument, "the step \(step) is negative", file: path)
    }
    let digits = String(step)
    let zeros = String(repeating: "0", count: max(0, options.stepPadding - digits.utf8.count))
    return "\(path)-\(zeros)\(digits)"
  }

  // The state file beside the checkpoint; asked for before the save, so that it cannot fail late.
  private func stateFile(for prefix: String) throws(CheckpointError) -> StateFile? {
    guard options.updatesState else { return nil }
    let file = try StateFile(
      in: Path(prefix).directory,
      name: options.stateFilename,
      fileSystem: options.files.fileSystem
    )
    try file.checkConflict(with: prefix)
    return file
  }

  private func record(_ prefix: String, in stateFile: StateFile?) throws(CheckpointError) {
    history.removeAll { $0 == prefix || Path($0).directory != Path(prefix).directory }
    history.append(prefix)
    guard let stateFile else { return }
    do throws(CheckpointError) {
      let state = try CheckpointState(latest: prefix, all: history)
      try stateFile.write(state, durability: options.files.durability)
    } catch {
      var error = error
      error.message += "; the checkpoint '\(prefix)' itself is saved"
      throw error
    }
  }

  // MARK: Restoring

  /// Restores the variables from a checkpoint of any format, saved here or by TensorFlow.
  ///
  /// An object-based checkpoint is found through the full names of its variables, with a warning:
  /// see ``CheckpointWarnings``. A name that is a key of its own counts before.
  ///
  /// Everything that can be checked without reading values is checked first, and reported in one
  /// error; by default nothing at all has changed when an error is thrown.
  ///
  /// - Parameters:
  ///   - path: The prefix, as ``save(to:step:)`` returns it; the file of a V1 or safetensors
  ///     checkpoint.
  ///   - mapping: How the names of the checkpoint become those of the variables.
  ///   - options: What is done with variables and values that do not fit.
  /// - Returns: What was restored, and which tensors of the checkpoint were not used.
  /// - Throws: `notACheckpoint` if there is none; `notFound`, `mismatch` or `several` for variables
  ///   that do not find their values; `ambiguousName` for a name that several saved variables have;
  ///   `corrupt` or `truncated` if a file is damaged.
  @discardableResult
  public func restore(
    from path: String,
    mapping: KeyMapping? = nil,
    options: RestoreOptions = RestoreOptions()
  ) throws(CheckpointError) -> RestoreReport {
    let names = variables.map { TensorKey($0.name) }
    let source = try NamedSource(
      CheckpointReader(path, fileSystem: self.options.files.fileSystem),
      names,
      mapping
    )
    let wanted = zip(variables, names).map { RestorePlan.Request($0.variable, key: $1) }
    let plan = try RestorePlan(wanted, from: source.reader, options: options)
    var report = try RestoreExecutor(reader: source.reader, options: options).restore(plan)
    if source.usesFullNames {
      report.mode = .objectBased
      source.warn()
    }
    return report
  }
}
