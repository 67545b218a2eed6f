import CheckpointIO

// What may be a checkpoint, by the names alone: no file is looked at.

extension DirectoryListing {
  /// What may be a checkpoint, as far as its name tells.
  package struct Candidate: Hashable, Sendable {
    /// What it is called: a prefix, a file, the pattern of parts.
    package let name: NumberedName
    /// What tells: an index, a part, a single file.
    let file: CheckpointFileName

    /// Whether nothing but its content can tell.
    package var isSingle: Bool { file == .single }

    /// Whether it is one of V2.
    package var isBundle: Bool { if case .index = file { true } else { false } }

    /// Whether it is a model in several safetensors files, with an index.
    var isModelIndex: Bool { if case .modelIndex = file { true } else { false } }

    /// Whether it is a model in several safetensors files, without an index.
    var isModelInParts: Bool {
      if case .part(let parts) = file { parts.isSafetensors } else { false }
    }
  }

  /// All that may be checkpoints, each once, in byte order of the names of their files.
  package var candidates: [Candidate] { candidates(beginningWith: "") }

  /// The candidates of the files whose names have a certain beginning.
  func candidates(beginningWith beginning: String) -> [Candidate] {
    var isKnown: Set<Candidate> = []
    return names.lazy.filter { $0.utf8.starts(with: beginning.utf8) }
      .compactMap { candidate(of: $0) }.filter { isKnown.insert($0).inserted }
  }

  /// What may be the checkpoint of a file, as far as its name tells; `nil` for one beside checkpoints.
  package func candidate(of name: String) -> Candidate? {
    guard !isAppleDouble(name) else { return nil }
    let name = modelIndex(naming: name) ?? name
    let file = CheckpointFileName(name)
    switch file {
    case .index(let prefix):
      return Candidate(name: NumberedName(prefix), file: file)
    case .data(let data):
      guard has("\(data.prefix).index") else { return nil }
      return Candidate(name: NumberedName(data.prefix), file: .index(prefix: data.prefix))
    case .part(let parts): return Candidate(name: NumberedName(parts.pattern), file: .part(parts))
    case .single, .modelIndex: return Candidate(name: NumberedName(name), file: file)
    case .graph, .lock, .temporary, .state, .history, .tensorFlowTemporary: return nil
    }
  }
}
