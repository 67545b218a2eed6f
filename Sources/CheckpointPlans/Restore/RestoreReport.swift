public import CheckpointIO
public import CheckpointTensors

/// What a restore has done, and what it has left out.
public struct RestoreReport: Sendable, CustomStringConvertible {
  /// The checkpoint.
  public let path: String
  /// How the given path led to the checkpoint, if it is not the checkpoint itself.
  ///
  /// For example, it says that this is the newest checkpoint of the given directory.
  public package(set) var note: String?
  /// The keys whose values the variables now have, in the order of the variables.
  public package(set) var restored: [TensorKey] = []
  /// The keys that a variable asked for and the checkpoint does not have.
  public package(set) var missing: [TensorKey] = []
  /// The keys whose tensor does not fit its variable, or belongs to a group of which another tensor is
  /// missing or does not fit.
  public package(set) var mismatched: [TensorKey] = []
  /// How the variables were found.
  public package(set) var mode = Mode.nameBased

  /// How variables are found in a checkpoint.
  public enum Mode: Sendable, Hashable {
    /// By the keys of the tensors.
    case nameBased
    /// By the full names that an object graph gives its variables.
    case objectBased
  }

  private let reader: (any TensorReader)?  // `nil` if no file was looked at
  private let wanted: [TensorKey]

  package init(reader: any TensorReader, wanted: [TensorKey]) {
    self.reader = reader
    self.wanted = wanted
    path = reader.path
  }

  /// The report of a restore without variables, which has looked at no file.
  package init(ofNothingAt path: String) {
    (reader, wanted) = (nil, [])
    self.path = path
  }

  /// The keys of the checkpoint that no variable asked for, in byte order.
  ///
  /// The call reads the whole index, which a restore need not do. No file is open until then.
  ///
  /// - Throws: `corrupt` if the index is damaged; `notFound` or `busy` if the checkpoint was deleted or
  ///   replaced since the restore.
  public func unused() throws(CheckpointError) -> [TensorKey] {
    guard let reader else { return [] }
    let wanted = Set(wanted)
    return try reader.entries().map(\.key).filter { !wanted.contains($0) }
  }

  /// The end of a message about a key that the checkpoint does not have: where its values are, or which of
  /// the `unused` keys are near.
  package func hint(forMissing key: TensorKey, among unused: [TensorKey]) throws(CheckpointError)
    -> String
  {
    let hint = try reader?.partHint(forMissing: key)
    return hint ?? NearestKeys(to: key, among: unused).hint
  }

  /// Whether every variable got its value.
  public var isComplete: Bool { missing.isEmpty && mismatched.isEmpty }

  /// One line for what was restored, and one for each kind of what was not.
  public var description: String {
    let lines = [
      "\(path): \(restored.count) restored",
      Self.line("missing in the checkpoint", missing),
      Self.line("not fitting", mismatched),
    ]
    return lines.compactMap { $0 }.joined(separator: "\n")
  }

  private static func line(_ what: String, _ keys: [TensorKey]) -> String? {
    keys.isEmpty ? nil : "  \(what): \(NameList.text(keys))"
  }
}
