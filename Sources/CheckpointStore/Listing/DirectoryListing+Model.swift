package import CheckpointIO

// The model that a directory is of: `config.json`, tokenizer and adapters lie beside it, and are not part of it.
//
// Loaders disagree where a directory has two. transformers takes `model.safetensors` before an index; mlx-lm
// all files of the name `model*.safetensors`. Here that is an error that names both, unless the index says that
// it has replaced the other: whoever saves here writes that, and removes the other file next.
// Source: transformers, modeling_utils.py, `_get_resolved_checkpoint_files`; mlx_lm, utils.py, `load_model`.

extension DirectoryListing {
  /// The model in safetensors files that the directory is of: an index and the files that it names; without
  /// one, parts, or `model.safetensors`.
  ///
  /// - Returns: `nil` if there is none; a file of any other name may be something else.
  /// - Throws: `ambiguousName` if there are several, and no name says which is meant; `io` if the system refuses.
  package func model() throws(CheckpointError) -> ListedCheckpoint? {
    let candidates = self.candidates
    let indexes = Self.preferred(candidates.filter(\.isModelIndex))
    let files = candidates.filter { $0.isSingle && CheckpointName.isSafetensors($0.name.name) }
    let models: [Candidate]
    if indexes.isEmpty {
      models = Self.preferred(candidates.filter(\.isModelInParts), with: files)
    } else {
      let stems = Set(indexes.map(\.stem)).union([Self.modelStem])
      models = indexes + files.filter { stems.contains($0.stem) }
    }
    var found = try checkpoints(among: models)
    if let first = found.first { found.removeAll { isReplaced($0, by: first) } }
    guard found.count > 1 else { return found.first }
    throw ambiguous(found.map(\.name.name).sorted { FileName($0) < FileName($1) })
  }

  /// The same; `nil` as well if there are several, since the directory cannot stand for two models.
  func modelIfOne() throws(CheckpointError) -> ListedCheckpoint? {
    do throws(CheckpointError) {
      return try model()
    } catch  where error.code == .ambiguousName {
      return nil
    }
  }

  /// The model in several files that a file is, or would be, part of, or the rival of.
  ///
  /// - Parameter name: The file's name; it need not be there.
  /// - Returns: The name of the index, or the pattern of the parts.
  /// - Throws: `io` if the system refuses.
  func modelBeside(_ name: String) throws(CheckpointError) -> String? {
    if let index = modelIndex(naming: name) { return index }
    if let parts = PartsName(part: name), !self.parts(of: parts.pattern).isEmpty {
      return parts.pattern
    }
    let stem = name.removing(suffix: CheckpointFormat.safetensors.ending).map(FileName.init)
    return candidates.first { ($0.isModelIndex || $0.isModelInParts) && $0.stem == stem }?.name.name
  }

  /// Checks that the safetensors files have one name, but for their numbers: of others nobody knows which is
  /// meant.
  ///
  /// - Throws: `ambiguousName` if they do not; `io` if the system refuses.
  package func checkHasOneSeries() throws(CheckpointError) {
    let files = try checkpoints(
      among: candidates.filter { $0.isSingle && CheckpointName.isSafetensors($0.name.name) })
    let series = Set(files.map { FileName($0.name.step == nil ? $0.name.name : $0.name.series) })
    guard series.count > 1 else { return }
    throw ambiguous(files.map(\.name.name))
  }

  private func ambiguous(_ names: [String]) -> CheckpointError {
    CheckpointError(
      .ambiguousName,
      "this directory has \(names.count) models, and nothing says which is meant: "
        + "\(NameList.text(names)); give the path of one", file: directory)
  }

  // The candidates that are called `model`, if there are any; else all models, and the files that share a stem with
  // one.
  private static func preferred(_ models: [Candidate], with files: [Candidate] = []) -> [Candidate]
  {
    let named = (models + files).filter { $0.stem == modelStem }
    guard named.isEmpty else { return named }
    let stems = Set(models.map(\.stem))
    return models + files.filter { stems.contains($0.stem) }
  }

  private static let modelStem = FileName("model")
}

extension DirectoryListing.Candidate {
  // `model` of `model.safetensors`, `model.safetensors.index.json`, `model-?????-of-00002.safetensors`.
  fileprivate var stem: FileName {
    switch CheckpointFileName(name.name) {
    case .modelIndex(let stem): return FileName(stem)
    default:
      let file = name.name.removing(suffix: CheckpointFormat.safetensors.ending)
      return FileName(PartsName(pattern: name.name)?.prefix ?? file ?? name.name)
    }
  }
}
