public import CheckpointIO
public import CheckpointTensors

extension KeyMapping {
  /// Rules that come with the library, for the checkpoints of one architecture.
  ///
  ///     let sets = try KeyMapping.RuleSet.recognizing(CheckpointReader("bert_model.ckpt"))
  ///     print(sets.map(\.name))  // ["bert"]
  ///     let mapping = try KeyMapping(named: "bert")
  ///
  /// A set leads from the names of TensorFlow 1 to those of PyTorch. The way back is a set of its own,
  /// `bert-to-tensorflow`. See <doc:RescuingOldWeights>.
  public struct RuleSet: Sendable {
    /// What the set is called: `bert`.
    public let name: String
    /// From whose names it leads to whose, in one line.
    public let summary: String
    /// The rules, with comments that say what is left out, and what is tied.
    public let json: String
    // Expressions; a checkpoint of this kind has a name for each, and none for the last.
    fileprivate let marks: [String]
    fileprivate let absent: String?

    init(
      _ name: String, _ summary: String, marks: [String], without absent: String? = nil,
      _ json: String
    ) {
      (self.name, self.summary, self.json) = (name, summary, json + "\n")
      (self.marks, self.absent) = (marks, absent)
    }

    /// All sets, in the order of the documentation: each with its way back behind it.
    public static let all: [RuleSet] = [
      bert, albert, electra, gpt2, t5, xlnet, mobilenet, resnet, inception, efficientnet, ssd,
    ].flatMap { $0 }

    /// The sets that are made for the names of a checkpoint.
    ///
    /// Reads the list of tensors, and no value.
    ///
    /// - Parameter reader: The checkpoint.
    /// - Returns: The sets of which every typical name is there; none for other checkpoints.
    /// - Throws: `corrupt` if the checkpoint's list of tensors is damaged.
    public static func recognizing(_ reader: any TensorReader) throws(CheckpointError) -> [RuleSet]
    {
      var searches: [Search] = []
      for set in all { searches.append(try Search(set)) }
      try reader.forEachEntry { entry in
        guard let name = entry.key.string else { return }
        for index in searches.indices { searches[index].look(at: name) }
      }
      return searches.filter(\.fits).map(\.set)
    }
  }
}

/// A look through the names of a checkpoint for those that are typical of a rule set.
private struct Search {
  let set: KeyMapping.RuleSet
  private var open: [NamePattern] = []
  private var absent: NamePattern?
  private var hasAbsent = false

  init(_ set: KeyMapping.RuleSet) throws(CheckpointError) {
    self.set = set
    for mark in set.marks { open.append(try NamePattern(mark)) }
    if let absent = set.absent { self.absent = try NamePattern(absent) }
  }

  mutating func look(at name: String) {
    if !open.isEmpty { open.removeAll { $0.isFound(in: name) } }
    if !hasAbsent, let absent, absent.isFound(in: name) { hasAbsent = true }
  }

  var fits: Bool { open.isEmpty && !hasAbsent }
}

extension KeyMapping {
  /// The rules of a set that comes with the library.
  ///
  ///     try saver.restore(from: "bert_model.ckpt", mapping: KeyMapping(named: "bert"))
  ///
  /// - Parameter name: What the ``RuleSet`` is called.
  /// - Throws: `notFound` without such a set; the message names those that there are.
  public init(named name: String) throws(CheckpointError) {
    guard let set = RuleSet.all.first(where: { $0.name == name }) else {
      let names = RuleSet.all.map(\.name).joined(separator: ", ")
      throw CheckpointError(.notFound, "there is no rule set '\(name)', but \(names)")
    }
    try self.init(json: set.json)
  }
}
