public import CheckpointStore
public import CheckpointGraph
public import CheckpointIO
public import CheckpointPlans
import CheckpointMapping
import CheckpointTensors

extension Saver {
  /// Creates a saver of variables under the keys that an object-based checkpoint has for their names.
  ///
  ///     let reader = try CheckpointReader("run/ckpt-7")
  ///     let saver = try Saver(objectBased: reader, variables: ["dense/kernel": kernel])
  ///     try saver.restore(from: "run/ckpt-7")
  ///
  /// ``restore(from:mapping:options:)-(String,_,_)`` finds names in such a checkpoint by itself. This is for many
  /// checkpoints of one structure, and for names of one's own.
  /// Source: tensorflow/python/training/saver.py, `saver_from_object_based_checkpoint`.
  ///
  /// - Parameters:
  ///   - reader: The checkpoint.
  ///   - variables: The variables under their names.
  ///   - namesToKeys: The key of each name; without it, that of the saved variable of this full name.
  ///   - settings: What it does beside writing files.
  ///   - options: How the files are written: under the keys.
  /// - Throws: `unsupported` if the checkpoint is name-based, and there are no `namesToKeys`;
  ///   `notFound` for names without a key, which says what is absent, what there is instead, and how
  ///   many match; `ambiguousName` for names of several saved variables whose contents differ; otherwise as for given
  ///     names.
  public convenience init(
    objectBased reader: CheckpointReader, variables: KeyValuePairs<String, any TensorVariable>,
    namesToKeys: [String: String]? = nil, settings: Settings = Settings(),
    options: SaveOptions = SaveOptions()
  ) throws(CheckpointError) {
    var candidates = namesToKeys?.mapValues { [$0] }
    if candidates == nil { candidates = try ObjectGraph(from: reader).keyMapping }
    let match = try NameMatch(variables.map(\.key), candidates ?? [:], in: reader)
    try match.check(path: reader.path)
    let keyed = variables.map { (name: match.keys[$0.key] ?? $0.key, variable: $0.value) }
    try self.init(SaverVariables(keyed, allowsEmpty: settings.allowsEmpty), settings, options)
  }
}

/// The names of a program beside those of a saved one.
private struct NameMatch {
  /// The key of each name that has one.
  private(set) var keys: [String: String] = [:]
  private var absent: [String] = []
  private var ambiguous: [(name: String, keys: [String])] = []
  private let others: [String]

  init(_ names: [String], _ candidates: [String: [String]], in reader: CheckpointReader)
    throws(CheckpointError)
  {
    for name in names {
      guard let found = candidates[name] else {
        absent.append(name)
        continue
      }
      if let key = try reader.commonKey(of: found.map { TensorKey($0) }) {
        keys[name] = key.description
      } else {
        ambiguous.append((name, found))
      }
    }
    let known = Set(names)
    others = candidates.keys.filter { !known.contains($0) }.sorted()
  }

  func check(path: String) throws(CheckpointError) {
    guard !absent.isEmpty || !ambiguous.isEmpty else { return }
    let unused = others.map { TensorKey($0) }
    let missing = absent.enumerated().map { index, name in
      let hint = index < 16 ? NearestKeys(to: TensorKey(name), among: unused).hint : ""
      return CheckpointError(.notFound, "no saved variable has this name\(hint)", key: name)
    }
    let doubtful = ambiguous.map { name, keys in
      CheckpointError(
        .ambiguousName,
        "\(keys.count) saved variables have this name: \(NameList.text(keys)); say which by namesToKeys",
        key: name)
    }
    let code: CheckpointError.Code =
      doubtful.isEmpty ? .notFound : missing.isEmpty ? .ambiguousName : .several
    var error = CheckpointError(code, summary, file: path)
    error.problems = missing + doubtful
    throw error
  }

  private var summary: String {
    let instead =
      others.isEmpty
      ? "all names that it has are known"
      : "\(others.count) names that it has are not known here: \(NameList.text(others))"
    return
      "\(absent.count + ambiguous.count) variables have no key in this object-based checkpoint; "
      + "\(instead); \(keys.count) names match. Name the variables as they were saved, or give "
      + "namesToKeys"
  }
}
