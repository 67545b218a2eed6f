import CheckpointIO
import CheckpointSafetensors
import CheckpointPlans
import CheckpointStore

/// The texts about a checkpoint that is made of others: those of all of them.
struct MergedMetadata {
  private let given: NamedTexts
  private var texts = NamedTexts()
  // Where each is from.
  private var files = NamedTexts()
  private var isOfSafetensors = true
  /// A problem for each text that two sources have differently, and that nobody decides.
  private(set) var problems: [CheckpointError] = []

  /// Begins without a source.
  ///
  /// - Parameter given: What a person wants of the texts, whatever the sources have.
  init(given: [String: String]) { self.given = NamedTexts(given) }

  /// Takes the texts of a source in.
  mutating func add(_ source: CheckpointReader) {
    if source.format.isTensorFlow { isOfSafetensors = false }
    for (name, text) in source.texts.sorted {
      guard let known = texts[name] else {
        texts[name] = text
        files[name] = source.path
        continue
      }
      guard !known.utf8.elementsEqual(text.utf8), given[name] == nil else { continue }
      // Some have the same characters, made of others.
      let hint = known == text ? "; they look the same, and their bytes differ" : ""
      problems.append(
        CheckpointError(
          .mismatch,
          "the text '\(name)' is '\(known.short)' in '\(files[name] ?? "")' and '\(text.short)' in "
            + "'\(source.path)'\(hint); say which it is to be: Options.metadata, "
            + "'--metadata \(name)=...'"))
    }
  }

  /// What a safetensors file will have.
  ///
  /// If all sources are safetensors files, it has their texts as they are, unless the caller gives some.
  var merged: NamedTexts {
    SaveOptions.metadata(
      adding: given, to: texts, addsFormat: !isOfSafetensors || !given.isEmpty)
  }

  /// What a person should know if the target has no texts; `nil` if none is lost.
  func lossNote(for format: CheckpointFormat) -> String? {
    guard !texts.isEmpty else { return nil }
    let list = texts.sorted.map { "\($0.name) = \($0.text.short)" }
    return "the metadata is left out, \(format.title) checkpoints have none: "
      + list.joined(separator: ", ")
  }
}

extension String {
  // Some programs keep whole documents there.
  fileprivate var short: String { count > 200 ? prefix(199) + "…" : self }
}
