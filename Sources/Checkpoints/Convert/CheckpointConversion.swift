import CheckpointBundle
import CheckpointGraph
public import CheckpointIO
public import CheckpointMapping
public import CheckpointPlans
import CheckpointSafetensors
public import CheckpointStore
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
/// - The metadata of safetensors files is kept in a safetensors file. Texts that several of them have
///   alike are written once; if two differ, that is an error, unless ``Options/metadata`` decides. V2
///   and V1 have no metadata, and a note says what is lost.
///
/// The list of the tensors is in memory, and what is being copied: a piece of 256 KiB at a time, if a tensor
/// of numbers that is stored whole goes from V2 or safetensors to V2 or safetensors; otherwise a whole
/// tensor or slice. To or from V1 that takes up to three times its size, since a V1 record is encoded as
/// a whole.
public struct CheckpointConversion: Sendable {
  /// What to convert to, and how.
  public struct Options: Sendable {
    /// The format of the destination; `nil` for what its name says: safetensors if it ends in
    /// `.safetensors`, else V2.
    public var format: CheckpointFormat?
    /// Whether the variables of objects go by their full names, as a ``Saver`` sees them:
    /// `sequential/dense/kernel`.
    ///
    /// The mapping sees these names. The object graph is left out, and a note says so. A checkpoint that was
    /// saved by name is converted as without it.
    public var usesFullNames = false
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
    /// Whether the new checkpoint survives a power cut as soon as it is written: it does by default.
    public var durability = SaveOptions.Durability.full
    /// What the offset of each tensor in a data file is a multiple of; see ``SaveOptions/alignment``.
    public var alignment = 1
    /// Texts about a safetensors file, in place of those that the source has.
    ///
    /// An empty text leaves its name out. A file has also the texts of its sources, and `format`, with
    /// the value `pt`, if it has none: see ``SaveOptions/metadata``. Only where all sources are
    /// safetensors files and you give no text, the file has exactly their texts.
    public var metadata: [String: String] = [:]
    /// What the files are written with: the seam for tests.
    package var fileSystem: any FileSystem = LocalFileSystem()
    var files: FileOptions {
      var options = SaveOptions(durability: durability, alignment: alignment)
      options.fileSystem = fileSystem
      return options.files
    }

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
  private let metadata: NamedTexts
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
  ///   name, naming all, with the files; `mismatch` if two safetensors files have different texts of
  ///   one name.
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
    try self.init(to: destination, options: options) { plan throws(CheckpointError) in
      for source in sources {
        try plan.add(Self.open(source, options, found))
      }
    }
  }

  /// Opens a source, under the names that the options want.
  static func open(
    _ source: String, _ options: Options, _ found: (CheckpointLocation) -> Void
  ) throws(CheckpointError) -> CheckpointReader {
    let opened = try CheckpointOpening(source, options.fileSystem).open()
    found(opened.location)
    return options.usesFullNames ? try opened.reader.byFullNames() : opened.reader
  }

  /// Plans to write what `add` adds to a plan.
  init(
    to destination: String, options: Options,
    add: (inout ConversionPlan) throws(CheckpointError) -> Void
  ) throws(CheckpointError) {
    let destination = try PathText.path(destination)
    let format = Self.format(for: destination, options)
    try ConversionTarget(destination, format, options.fileSystem)
      .check(overwrites: options.overwrites)
    var plan = ConversionPlan(format: format, options: options)
    try add(&plan)
    tensors = try plan.checkedTensors(for: destination)
    metadata = plan.metadata.merged
    notes = plan.notes
    self.destination = destination
    self.format = format
    self.options = options
  }

  private static func format(for destination: String, _ options: Options) -> CheckpointFormat {
    options.format ?? (CheckpointName.isSafetensors(destination) ? .safetensors : .v2)
  }

  /// Checks that nothing is in the way at a destination but what ``Options/overwrites`` lets go.
  ///
  /// - Throws: What planning throws of the destination, with this option.
  package static func checkIsReplaceable(_ destination: String, _ options: Options)
    throws(CheckpointError)
  {
    let destination = try PathText.path(destination)
    let format = Self.format(for: destination, options)
    try ConversionTarget(destination, format, options.fileSystem).check(overwrites: true)
  }

  // MARK: In place

  /// Merges V2 checkpoints into one, which appears in one step; then the parts go.
  ///
  /// No value is read or copied: the data files get new names.
  ///
  ///     try CheckpointConversion.merge(["run/part-0", "run/part-1"], into: "run/ckpt-7")
  ///
  /// For many processes that each save their own part of a model. Tensors that are stored in parts may
  /// be spread over several of them. ``init(merging:to:options:)`` copies instead, from any format to
  /// any. Source: tensorflow/core/util/tensor_bundle/tensor_bundle.cc, `MergeBundles`.
  ///
  /// - Parameters:
  ///   - parts: Their prefixes, on one file system with the new one; their order is that of the data
  ///     files.
  ///   - prefix: What the names of the new checkpoint's files begin with; none of the parts.
  ///   - options: How the files are written.
  /// - Throws: `duplicateName` if two parts have the same tensor, or the same part of one;
  ///   `mismatch` if parts of one tensor, or byte orders, disagree; `unsupported` if a data file is a
  ///   symbolic link; what reading and writing throw. The parts are as they were then.
  public static func merge(
    _ parts: [String], into prefix: String, options: SaveOptions = SaveOptions()
  ) throws(CheckpointError) {
    try options.checkIsInPlace(prefix)
    try BundleMerger.merge(parts, into: prefix, options: options.files)
  }

  /// Renames tensors of a V2 checkpoint where they stand: only its index is written anew, in one step.
  ///
  ///     try CheckpointConversion.rename(["dense/kernel": "output/kernel"], in: "run/model-1000")
  ///
  /// The object graph of an object-based checkpoint names keys, and is a value in a data file: it is
  /// not changed. A conversion with ``Options/names`` changes it too.
  ///
  /// - Parameters:
  ///   - names: New names by the old ones; two may be swapped.
  ///   - prefix: The checkpoint's prefix.
  ///   - options: How the index is written.
  /// - Throws: `invalidArgument` for the name of the object graph, old or new; `notFound` for names that are
  ///   not there, and `duplicateName` for names that are taken, one error for all; `busy` if somebody else is
  ///   saving to this prefix; what reading the index throws; `io` if the system fails. The checkpoint is as it
  ///   was then.
  public static func rename(
    _ names: [TensorKey: TensorKey], in prefix: String, options: SaveOptions = SaveOptions()
  ) throws(CheckpointError) {
    try options.checkIsInPlace(prefix)
    let graph = TensorKey(ObjectGraph.key)
    for (old, new) in names where old != new {
      guard old != graph else { throw .graphKeepsName.located(file: prefix) }
      guard new != graph else { throw .namedAsGraph(old).located(file: prefix) }
    }
    try BundleRenamer.rename(names, in: prefix, options: options.files)
  }

  // MARK: By copying

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
    try ConversionTarget(destination, format, options.fileSystem)
      .check(overwrites: options.overwrites)
    let copier = TensorCopier(total: byteCount, progress: progress)
    switch format {
    case .v2: try copier.writeBundle(tensors, to: destination, options.files)
    case .v1: try copier.writeSlices(tensors, to: destination, options.files)
    case .safetensors, .modelDirectory:
      let container = try SaveOptions(format: format).container()
      try copier.writeSafetensors(tensors, metadata, to: destination, container, options.files)
    }
  }
}

extension SaveOptions {
  // What is done in place is done to V2 checkpoints.
  fileprivate func checkIsInPlace(_ prefix: String) throws(CheckpointError) {
    do throws(CheckpointError) {
      try checkMetadata()
    } catch {
      throw error.located(file: prefix)
    }
    guard format != .v2 else { return }
    throw CheckpointError(
      .unsupported,
      "only V2 checkpoints are changed in place, these options are for the format \(format.title); write a "
        + "new one: CheckpointConversion(from:to:options:)", file: prefix)
  }
}
