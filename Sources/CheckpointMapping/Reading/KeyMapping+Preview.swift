public import CheckpointIO
public import CheckpointTensors

extension KeyMapping {
  /// What a mapping makes of a checkpoint, found without reading a value.
  ///
  ///     let preview = try mapping.preview(of: CheckpointReader("bert/model.ckpt"))
  ///     for tensor in preview.tensors { print(tensor.sources, tensor.name, tensor.spec) }
  ///     for problem in preview.problems { print(problem) }
  public struct Preview: Sendable {
    /// A tensor as it is stored.
    public struct Source: Sendable, Hashable {
      /// Its name in the checkpoint.
      public let name: TensorKey
      /// What it is there.
      public let spec: TensorSpec
    }

    /// A tensor as the program would see it.
    public struct Tensor: Sendable, Hashable {
      /// Its new name.
      public let name: TensorKey
      /// What it becomes.
      public let spec: TensorSpec
      /// What it is made of; one tensor, unless the rules put several together.
      public let sources: [Source]

      /// Whether it keeps name, dtype and shape.
      public var isUnchanged: Bool { sources == [Source(name: name, spec: spec)] }
    }

    /// The tensors in byte order of their new names; if there are problems, as the rules before the
    /// first that has one leave them.
    public let tensors: [Tensor]
    /// What is left out, in byte order of the names.
    public let dropped: [Source]
    /// The numbers, counted from 1, of rules that change nothing: their pattern fits no name.
    public let idleRules: [Int]
    /// What is wrong; empty if the mapping can be used.
    public let problems: [CheckpointError]

    init(_ mapping: KeyMapping, _ entries: [TensorEntry]) {
      var index = MappedIndex(entries)
      var idle: [Int] = []
      var problems: [CheckpointError] = []
      for (number, rule) in mapping.rules.enumerated() {
        var next = index
        do throws(CheckpointError) {
          try next.apply(rule, number: number + 1)
        } catch {
          problems = [error]
          break
        }
        if !rule.hasChanged(index, to: next) { idle.append(number + 1) }
        index = next
      }
      if problems.isEmpty, let problem = index.lostName { problems = [problem] }
      tensors = index.recipes.sorted { $0.key < $1.key }.map { key, recipe in
        Tensor(name: key, spec: recipe.spec, sources: recipe.sources.map { Source($0) })
      }
      let used = Set(tensors.lazy.flatMap(\.sources).map(\.name))
      dropped = entries.filter { !used.contains($0.key) }.map { Source($0) }
      idleRules = idle
      self.problems = problems
    }
  }
}

extension KeyMapping.Preview.Source {
  fileprivate init(_ entry: TensorEntry) { self.init(name: entry.key, spec: entry.spec) }
}

extension KeyMapping {
  /// What this mapping makes of a checkpoint.
  ///
  /// Reads the index and no value. What is wrong with the rules is part of the result.
  ///
  /// - Parameter reader: The checkpoint.
  /// - Returns: The new names, dtypes and shapes, and what they come from.
  /// - Throws: `corrupt` if the checkpoint's list of tensors is damaged.
  public func preview(of reader: any TensorReader) throws(CheckpointError) -> KeyMapping.Preview {
    KeyMapping.Preview(self, try reader.entries())
  }
}

extension KeyMapping.Rule {
  /// Whether this rule, applied to one index, has given another one.
  fileprivate func hasChanged(_ index: MappedIndex, to next: MappedIndex) -> Bool {
    switch self {
    case .rename(let names), .assign(let names): !names.isEmpty
    case .prefix, .replace, .names, .prefer, .drop, .keep, .unstack, .stackMatches, .custom:
      index.recipes.count != next.recipes.count
        || index.recipes.keys.contains { next.recipes[$0] == nil }
    case .transform(let pattern, _):
      (try? NameTest(pattern)).map { index.recipes.keys.contains(where: $0.matches) } ?? false
    case .split, .stack, .concatenate: true
    }
  }
}
