package import CheckpointIO
package import CheckpointSafetensors
import CheckpointStore

extension SaveOptions {
  /// The texts of a new safetensors file.
  package var safetensorsMetadata: NamedTexts {
    Self.metadata(adding: NamedTexts(metadata), to: [:])
  }

  /// The texts of a safetensors file that has some already.
  ///
  /// - Parameters:
  ///   - given: What a person wants of it: an empty text leaves its name out.
  ///   - texts: What it has.
  ///   - addsFormat: Whether it gets a `format` if it has none. Loaders refuse a file with texts, but
  ///     without a format that they know.
  ///     Source: transformers, `modeling_utils.py`, `load_state_dict`.
  /// - Returns: What to write.
  package static func metadata(
    adding given: NamedTexts, to texts: NamedTexts, addsFormat: Bool = true
  ) -> NamedTexts {
    var merged = texts
    if addsFormat { _ = merged.add("pt", as: "format") }
    for (name, text) in given.sorted { merged[name] = text.isEmpty ? nil : text }
    return merged
  }

  /// Checks that the format has texts, if there are some.
  ///
  /// - Throws: `unsupported` if it has not.
  package func checkMetadata() throws(CheckpointError) {
    guard !metadata.isEmpty, format.isTensorFlow else { return }
    throw CheckpointError(
      .unsupported, "checkpoints of the format \(format.title) have no texts about themselves")
  }
}
