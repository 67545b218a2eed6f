package import CheckpointIO
import CheckpointStore

extension SaveOptions {
  /// The texts of a new safetensors file.
  package var safetensorsMetadata: [String: String] { Self.metadata(adding: metadata, to: [:]) }

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
    adding given: [String: String], to texts: [String: String], addsFormat: Bool = true
  ) -> [String: String] {
    (addsFormat ? ["format": "pt"] : [:])
      .merging(texts) { $1 }
      .merging(given) { $1 }
      .filter { given[$0.key] != "" }
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
