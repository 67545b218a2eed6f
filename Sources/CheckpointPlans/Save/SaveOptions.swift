package import CheckpointIO
public import CheckpointStore

/// How a checkpoint is saved: what a ``Saver``, a ``Checkpoint``, a ``CheckpointManager`` and a
/// ``CheckpointWriter`` are given as `options`.
///
///     let options = SaveOptions(sharding: .count(4), durability: .none)
///     let checkpoint = try Checkpoint(["model": model], options: options)
public struct SaveOptions: Sendable {
  /// Whether what has been saved survives a power cut.
  public enum Durability: Sendable, Hashable {
    /// When a save returns, it is on the disk: the default.
    case full
    /// Nothing is waited for: after a power cut in the next half minute a checkpoint may be gone, and
    /// the one that it replaced with it. For scratch work. A killed process still loses nothing.
    case none
  }

  /// What the files are: V2 by default.
  ///
  /// V1 is written by a ``Saver`` and a ``CheckpointWriter``; others say so, and what to do. Safetensors files
  /// and model directories hold numbers only, by their names: see ``omitsUnsupported``.
  public var format: CheckpointFormat
  /// Over how many data files a checkpoint is spread: one by default.
  public var sharding: Sharding
  /// Whether a checkpoint survives a power cut as soon as saving it returns: it does by default.
  public var durability: Durability
  /// What the offset of each tensor in a V2 data file is a multiple of, in bytes.
  ///
  /// 1, the default, leaves no gaps, as TensorFlow does. With 64, all tensors of a V2 checkpoint can be
  /// mapped into memory, whatever their neighbours are; TensorFlow reads it as any other. The gaps are
  /// zeros. It is positive. The other formats say themselves where tensors lie.
  public var alignment: Int {
    didSet { precondition(alignment > 0, "an alignment is positive, not \(alignment)") }
  }
  /// Texts about the checkpoint, for programs that ask for them: `["step": "1000"]`.
  ///
  /// Only safetensors files have them; with another format, texts are an error. A new file also has
  /// `format`, with the value `pt`, without which the loaders of Hugging Face's transformers refuse it:
  /// unless you give it another value. An empty text leaves its name out: `["format": ""]` is for a file
  /// without texts.
  public var metadata: [String: String]
  /// Whether a save leaves out what safetensors cannot hold.
  ///
  /// By default that is an error, before anything is written. For a V1 file, and in a ``CheckpointWriter``, it
  /// always is one.
  ///
  /// Safetensors files and model directories hold no strings, no `complex128`, and no object graph: a
  /// ``Checkpoint`` saves its variables there by their names, and is restored by names. What is left out, the
  /// save says: ``Saver/Saved/warnings``.
  public var omitsUnsupported: Bool
  /// Whether missing directories of the path are created: they are by default.
  public var createsDirectories: Bool
  /// The processes that save one checkpoint together: none by default, and each process saves its own.
  ///
  /// Each writes what it has, into data files of its own; see <doc:ManyProcesses>. The format is V2.
  public var processes: (any ProcessGroup)?
  /// How long the process of rank 0 waits for the others: half an hour by default.
  ///
  /// It waits twice: for all to come to the save, and for all to have written their data files. The others wait as
  /// long for rank 0 to come, and twice as long and a second more for its answers.
  public var processTimeout: Duration
  /// What the files are written with: the seam for tests.
  package var fileSystem: any FileSystem = LocalFileSystem()

  /// Creates options; what is left out has its default.
  public init(
    format: CheckpointFormat = .v2, sharding: Sharding = .none, durability: Durability = .full,
    alignment: Int = 1, metadata: [String: String] = [:], omitsUnsupported: Bool = false,
    createsDirectories: Bool = true, processes: (any ProcessGroup)? = nil,
    processTimeout: Duration = .seconds(1_800)
  ) {
    precondition(alignment > 0, "an alignment is positive, not \(alignment)")
    self.format = format
    self.sharding = sharding
    self.durability = durability
    self.alignment = alignment
    self.metadata = metadata
    self.omitsUnsupported = omitsUnsupported
    self.createsDirectories = createsDirectories
    self.processes = processes
    self.processTimeout = processTimeout
  }

  /// The same without a sharding.
  package var inOneFile: SaveOptions {
    var options = self
    options.sharding = .none
    return options
  }

  /// Where processes that save together meet.
  ///
  /// - Parameters:
  ///   - processes: The processes.
  ///   - path: What is being saved, the same in all of them.
  ///   - base: What all saves of a series have in common; the path, without.
  /// - Returns: The meeting.
  package func meeting(_ processes: any ProcessGroup, at path: String, of base: String? = nil)
    -> ProcessMeeting
  {
    ProcessMeeting(processes, at: path, of: base, timeout: processTimeout, files: files)
  }

  /// What of it is a matter of files.
  package var files: FileOptions {
    var files = FileOptions()
    files.durability = durability == .full ? .full : .none
    files.createsDirectories = createsDirectories
    files.alignment = alignment
    files.fileSystem = fileSystem
    return files
  }
}
