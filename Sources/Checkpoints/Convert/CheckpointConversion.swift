import CheckpointStore
import CheckpointMapping
import CheckpointGraph
public import CheckpointIO
public import CheckpointTensors

/// A checkpoint written anew in another format, or with other names: planned with all checks first,
/// then carried out.
///
///     let conversion = try CheckpointConversion(
///       from: "legacy/model.ckpt-90000",
///       to: "model.safetensors"
///     )
///     for note in conversion.notes { print(note) }
///     try conversion.run()
///
/// - Everything that the target cannot hold is known before anything is written: one error lists all.
/// - The destination appears whole or not at all, as after any save.
/// - Values are checked as far as the source has checksums, and never changed but by a mapping.
///   Numbers are written little-endian, also if the source has them in the other order.
/// - Tensors that are stored in slices stay so in V2 and V1, unless ``Options/joinsSlices`` asks for
///   them to be put together. A safetensors file has whole tensors only.
/// - The object graph of an object-based checkpoint is kept, so that objects can be restored from
///   what is written: with the new names, if a mapping gives new ones. V1 keeps it as the string that
///   it is; safetensors files, which have no strings, lose it, and a note says so.
///
/// In memory are the list of the tensors and, at a time, a piece of 256 KiB of one of them: where a
/// tensor of numbers that is stored whole goes from V2 or safetensors to V2 or safetensors. Otherwise
/// the tensor or slice that is being copied is in memory; to or from V1, as often as three times, since
/// a V1 record is encoded as a whole.
public struct CheckpointConversion: Sendable {
  /// What to convert to, and how.
  public struct Options: Sendable {
    /// The format of the destination; `nil` for what its name says: safetensors if it ends in
    /// `.safetensors`, else V2.
    public var format: CheckpointFormat?
    /// What happens to names and values on the way.
    public var mapping: KeyMapping?
    /// New names of single tensors by their old ones, after the mapping; names may be any bytes.
    public var names: [TensorKey: TensorKey] = [:]
    /// Whether tensors in slices are put together.
    ///
    /// TensorFlow reads slices of most dtypes as a whole
    /// tensor, but not of `float16` and other rare ones.
    public var joinsSlices = false
    /// Whether tensors that the format cannot hold are left out, each with a note.
    public var omitsUnsupported = false
    /// Whether the object graph is left out: what is written is restored by names then.
    public var dropsObjectGraph = false
    /// Whether a checkpoint that stands at the destination is replaced; otherwise that is an error.
    public var overwrites = false
    /// How the files are written.
    public var files = SaveOptions()

    /// Creates the default options.
    public init() {}
  }

  /// Where the checkpoint will be: the prefix of a V2 checkpoint, or a file.
  public let destination: String
  /// The format it will have.
  public let format: CheckpointFormat
  /// What is lost, left out or done on the way that a person should know.
  public let notes: [String]
  let tensors: [ConvertedTensor]
  private let options: Options

  /// Plans a conversion.
  ///
  /// - Parameters:
  ///   - source: As for ``CheckpointReader/init(_:)``.
  ///   - destination: The prefix of a V2 checkpoint, or the name of a file.
  ///   - options: What to convert to.
  /// - Throws: One error with every tensor that the target cannot hold; `pathConflict` if there is a
  ///   checkpoint at the destination already; what reading the index and applying a mapping throw.
  public init(from source: String, to destination: String, options: Options = Options())
    throws(CheckpointError)
  {
    try self.init(merging: [source], to: destination, options: options)
  }

  /// Plans to write the tensors of several checkpoints, of any formats, as one.
  ///
  /// - Parameters:
  ///   - sources: As for ``CheckpointReader/init(_:)``.
  ///   - destination: The prefix of a V2 checkpoint, or the name of a file.
  ///   - options: What to convert to.
  /// - Throws: As ``init(from:to:options:)``; `duplicateName` if two of them have a tensor of one
  ///   name, naming all.
  public init(merging sources: [String], to destination: String, options: Options = Options())
    throws(CheckpointError)
  {
    try self.init(merging: sources, to: destination, options: options, found: { _ in })
  }

  /// The same for somebody who wants to know what the paths lead to.
  package init(
    merging sources: [String], to destination: String, options: Options,
    found: (CheckpointLocation) -> Void
  ) throws(CheckpointError) {
    let destination = try PathText.path(destination)
    let format =
      options.format ?? (CheckpointName.isSafetensors(destination) ? .safetensors : .v2)
    let fileSystem = options.files.fileSystem
    try ConversionTarget(destination, format, fileSystem).check(overwrites: options.overwrites)
    var plan = ConversionPlan(format: format, options: options)
    for source in sources {
      let opened = try CheckpointOpening(source, fileSystem).open()
      found(opened.location)
      try plan.add(opened.reader)
    }
    tensors = try plan.checkedTensors(for: destination)
    notes = plan.notes
    self.destination = destination
    self.format = format
    self.options = options
  }

  /// The number of tensors that will be written; one in slices is one.
  public var tensorCount: Int { tensors.count }

  /// The number of bytes that their values take.
  public var byteCount: UInt64 { tensors.reduce(0) { $0.adding($1.byteCount) ?? .max } }

  /// Carries it out.
  ///
  /// - Parameter progress: Called after every piece, with the number of bytes of values that have been
  ///   copied, and of all there are.
  /// - Throws: `corrupt` if the source is damaged; `pathConflict` if there is a checkpoint at the
  ///   destination by now; `busy` if somebody else is saving there; `io` if the system fails. What
  ///   stood at the destination stands then.
  public func run(progress: @escaping (_ copied: UInt64, _ total: UInt64) -> Void = { _, _ in })
    throws(CheckpointError)
  {
    try ConversionTarget(destination, format, options.files.fileSystem)
      .check(overwrites: options.overwrites)
    let copier = TensorCopier(total: byteCount, progress: progress)
    switch format {
    case .v2: try copier.writeBundle(tensors, to: destination, options.files)
    case .v1: try copier.writeSlices(tensors, to: destination, options.files)
    case .safetensors: try copier.writeSafetensors(tensors, to: destination, options.files)
    }
  }
}
