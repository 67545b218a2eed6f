public import CheckpointIO

extension Saver {
  /// What a save has written, and how that went.
  ///
  ///     let path = try saver.save(to: "run/model", step: 1000)
  ///     if let save = saver.lastSave { print(save) }
  ///     // run/model-1000: 102.4 MB in 2 files, 0.21 s; deleted run/model-500
  public struct Saved: Sendable, CustomStringConvertible {
    /// The path to restore from: the prefix, or the pattern of a V1 checkpoint in several files.
    public let path: String
    /// The files: data files, then the index.
    public let files: [String]
    /// How many bytes the files have.
    public let byteCount: UInt64
    /// How long it took until everything was on the disk.
    public let duration: Duration
    /// The old checkpoints that were deleted after the save.
    public internal(set) var deleted: [String] = []
    /// What went wrong although the checkpoint is saved.
    ///
    /// Data files may be larger than asked for. Old checkpoints may not have been deleted; the next
    /// save tries again.
    public internal(set) var warnings: [CheckpointError] = []

    /// One line for the save, and one for each warning.
    public var description: String {
      let (seconds, attoseconds) = duration.components
      let time = Double(seconds) + Double(attoseconds) * 1e-18
      let size = "\(Double(byteCount / 100_000) / 10) MB"
      let count = files.count == 1 ? "1 file" : "\(files.count) files"
      let hundredths = (time * 100).rounded() / 100
      let gone = deleted.isEmpty ? "" : "; deleted \(deleted.joined(separator: ", "))"
      let headline = "\(path): \(size) in \(count), \(hundredths) s\(gone)"
      return ([headline] + warnings.map { "  - \($0)" }).joined(separator: "\n")
    }
  }
}
