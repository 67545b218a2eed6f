public import CheckpointIO
public import CheckpointTensors

extension KeyMapping {
  /// A mapping that would lead from the names of a checkpoint to those of a program, as far as they
  /// say.
  ///
  /// It is for a person to look at: nothing applies it by itself.
  ///
  ///     let reader = try CheckpointReader("bert/model.ckpt")
  ///     let proposal = try KeyMapping.Proposal(from: reader, to: saver)
  ///     print(proposal)
  ///     try saver.restore(from: reader.path, mapping: proposal.mapping)
  ///
  /// Names are compared word by word, where programs' different words for the same thing count as
  /// equal (`kernel` and `weight`, `attn` and `attention`); numbers are compared as numbers; shapes
  /// have to be equal, or those of a transposed kernel. No value is read. Takes time linear in the
  /// number of names, but for sorting.
  public struct Proposal: Sendable {
    /// A stored tensor and the variable that it seems to be for.
    public struct Pair: Sendable, Hashable {
      /// The name in the checkpoint.
      public let stored: TensorKey
      /// The name in the program.
      public let wanted: TensorKey
      /// What has to be done to the values.
      public internal(set) var transform: KeyMapping.Transform?
      /// How sure this is: 1 for the same name, dtype and shape; from 0.8 on the words of the names
      /// agree; below 0.6 the shape says more than the name.
      public internal(set) var confidence: Double
    }

    /// A variable that several stored tensors could be for, or one that nothing but its shape speaks
    /// for.
    public struct Ambiguity: Sendable, Hashable {
      /// The name in the program.
      public let wanted: TensorKey
      /// The names in the checkpoint, likeliest first; at most 4.
      public let candidates: [TensorKey]
    }

    /// What belongs together, in byte order of the program's names; each name occurs once.
    public let pairs: [Pair]
    /// What is left open.
    public let ambiguous: [Ambiguity]
    /// The program's names for which the checkpoint has nothing.
    public let missing: [TensorKey]
    /// The checkpoint's names that no pair has.
    public let unused: [TensorKey]
    /// The pairs as a mapping: rules for prefixes and patterns where one explains several pairs, single
    /// names for the rest.
    public let mapping: KeyMapping

    /// Proposes a mapping from one checkpoint to the names of another one.
    ///
    /// - Throws: `corrupt` if a list of tensors is damaged.
    public init(from reader: any TensorReader, like other: any TensorReader) throws(CheckpointError)
    {
      self.init(
        stored: try reader.entries().map { ($0.key, $0.spec) },
        wanted: try other.entries().map { ($0.key, $0.spec) })
    }

    /// Proposes a mapping from stored names to wanted ones.
    ///
    /// Names that are no UTF-8 have no counterpart: rules are texts.
    public init(
      stored: [(name: TensorKey, spec: TensorSpec)], wanted: [(name: TensorKey, spec: TensorSpec)]
    ) {
      var search = ProposalSearch(stored: stored, wanted: wanted)
      search.run()
      pairs = search.pairs
      ambiguous = search.ambiguous
      missing = search.missing
      unused = search.unused
      mapping = search.mapping
    }
  }
}

extension KeyMapping.Proposal: CustomStringConvertible {
  /// The rules, the pairs with their confidence, and what is left open.
  public var description: String {
    var lines = ["\(pairs.count) of \(wantedCount) variables have a counterpart"]
    lines += mapping.rules.map { "  \($0)" }
    lines += pairs.map { pair in
      let transform = pair.transform.map { " \($0)" } ?? ""
      return "\(pair.shownConfidence)  \(pair.stored) -> \(pair.wanted)\(transform)"
    }
    lines += ambiguous.map { open in
      "open  \(open.wanted): \(open.candidates.map(\.description).joined(separator: ", "))"
    }
    lines += missing.map { "none  \($0)" }
    return lines.joined(separator: "\n")
  }

  /// How many variables want a value.
  package var wantedCount: Int { pairs.count + ambiguous.count + missing.count }

  /// What an error says of it.
  ///
  /// - Parameter missing: The names that the checkpoint does not have.
  /// - Returns: A part of a sentence; `nil` if no mapping would help.
  package func hint(for missing: Set<TensorKey>) -> String? {
    let found = pairs.count { missing.contains($0.wanted) }
    guard found > 0, !mapping.rules.isEmpty else { return nil }
    let shown = mapping.rules.prefix(2).map(\.description).joined(separator: ", ")
    let more = mapping.rules.count > 2 ? ", … \(mapping.rules.count) rules" : ""
    return "a mapping would fit \(found) of the \(missing.count) missing: [\(shown)\(more)]; "
      + "KeyMapping.Proposal and 'checkpoint suggest' show all of it"
  }
}

extension KeyMapping.Proposal.Pair {
  /// The confidence with two digits.
  package var shownConfidence: String {
    let hundredths = Int((confidence * 100).rounded())
    return "\(hundredths / 100).\(hundredths % 100 / 10)\(hundredths % 10)"
  }
}
