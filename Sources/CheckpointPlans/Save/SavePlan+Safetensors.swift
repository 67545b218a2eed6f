package import CheckpointIO
import CheckpointSafetensors
import CheckpointStore
import CheckpointTensors

// What safetensors files can hold of a save, and over how many files it is spread.

extension SavePlan {
  /// Spreads the items over data files, as far as that is settled before they are written.
  ///
  /// - Throws: What the sharding throws; `unsupported` for one that the format does not have.
  package mutating func distribute(_ options: SaveOptions) throws(CheckpointError) {
    guard !options.format.isTensorFlow else { return try distribute(options.sharding) }
    _ = try options.modelFileByteCount()
    try checkHeld(by: options)
  }

  // Everything that cannot be held is said at once, or left out.
  private mutating func checkHeld(by options: SaveOptions) throws(CheckpointError) {
    var problems: [CheckpointError] = []
    items.removeAll { item in
      do throws(CheckpointError) {
        try SafetensorsWriter.check(item.spec, for: item.key)
        return false
      } catch {
        problems.append(error.located(key: item.key.description))
        return options.omitsUnsupported
      }
    }
    let error = CheckpointError.combining(problems) {
      "\($0) variables cannot be saved in the format \(options.format.title)"
    }
    guard let error else { return }
    guard options.omitsUnsupported else {
      throw error.adding(
        "nothing has been written; save as V2, or leave them out: omitsUnsupported")
    }
    notes.append(error.adding("they were left out"))
  }
}

extension SaveOptions {
  /// How many bytes of tensors a file has at most; `nil` if all are in one.
  ///
  /// - Throws: `unsupported` for a sharding that the format does not have.
  package func modelFileByteCount() throws(CheckpointError) -> UInt64? {
    switch (format, sharding) {
    case (.modelDirectory, .none): return Self.usualFileByteCount
    case (.modelDirectory, .maxBytes(let count)) where count > 0: return UInt64(count)
    case (.safetensors, .none): return nil
    case (.modelDirectory, _):
      throw CheckpointError(
        .unsupported, "files of a model directory are spread by size; use .maxBytes, or no sharding"
      )
    case _:
      throw CheckpointError(
        .unsupported,
        "a safetensors file is one; save without sharding, or in a model directory: .modelDirectory"
      )
    }
  }

  // As huggingface_hub and mlx_lm have it.
  private static let usualFileByteCount: UInt64 = 5_000_000_000
}
