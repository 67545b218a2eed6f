public import CheckpointIO

extension Saver {
  /// What a save has written, and how that went.
  ///
  ///     let path = try saver.save(to: "run/model", step: 1000)
  ///     if let save = saver.lastSave { print(save) }
  ///     // run/model-1000: 102.4 MB in 2 files, 0.21 s; deleted run/model-500
  public struct Saved: Sendable, CustomStringConvertible {
    /// What to restore from: the prefix; of a V1 checkpoint in several files, their pattern.
    public let path: String
    /// The files: data files, then the index.
    public let files: [String]
    /// How many bytes the files have.
    public let byteCount: UInt64
    /// How long it took until everything was on the disk.
    public let duration: Duration
    /// The checkpoints that were deleted afterwards, as the retention wants it.
    public internal(set) var deleted: [String] = []
    /// What did not go as wanted, though the checkpoint is saved.
    ///
    /// Data files that are larger than asked for; old checkpoints that could not be deleted, which is
    /// tried again after the next save.
    public internal(set) var warnings: [CheckpointError] = []

    /// One line; a line for each warning follows.
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
