import CheckpointIO
import CheckpointPlans
import CheckpointStore

/// The texts about a checkpoint that is made of others: those of all of them.
struct MergedMetadata {
  private let given: [String: String]
  private var texts: [String: (value: String, file: String)] = [:]
  private var isOfSafetensors = true
  /// A problem for each text that two sources have differently, and that nobody decides.
  private(set) var problems: [CheckpointError] = []

  /// Begins without a source.
  ///
  /// - Parameter given: What a person wants of the texts, whatever the sources have.
  init(given: [String: String]) { self.given = given }

  /// Takes the texts of a source in.
  mutating func add(_ source: CheckpointReader) {
    if source.format.isTensorFlow { isOfSafetensors = false }
    for (name, value) in source.metadata.sorted(by: { $0.key < $1.key }) {
      guard let known = texts[name] else {
        texts[name] = (value, source.path)
        continue
      }
      guard !known.value.utf8.elementsEqual(value.utf8), given[name] == nil else { continue }
      problems.append(
        CheckpointError(
          .mismatch,
          "the text '\(name)' is '\(known.value.short)' in '\(known.file)' and '\(value.short)' in "
            + "'\(source.path)'; say which it is to be: Options.metadata, '--metadata \(name)=...'")
      )
    }
  }

  /// What a safetensors file will have.
  ///
  /// If all sources are safetensors files, it has their texts as they are, unless the caller gives some.
  var merged: [String: String] {
    SaveOptions.metadata(
      adding: given, to: texts.mapValues(\.value), addsFormat: !isOfSafetensors || !given.isEmpty)
  }

  /// What a person should know if the target has no texts; `nil` if none is lost.
  func lossNote(for format: CheckpointFormat) -> String? {
    guard !texts.isEmpty else { return nil }
    let list = texts.sorted { $0.key < $1.key }.map { "\($0.key) = \($0.value.value.short)" }
    return "the metadata is left out, \(format.title) checkpoints have none: "
      + list.joined(separator: ", ")
  }
}

extension String {
  // Some programs keep whole documents there.
  fileprivate var short: String { count > 200 ? prefix(199) + "…" : self }
}
