package import CheckpointIO
package import CheckpointTensors

/// A safetensors file being written: byte for byte what the reference implementation writes for the
/// same tensors.
///
///     var writer = try SafetensorsWriter("model.safetensors")
///     try writer.add(Tensor<Float>([1, 2, 3]), for: "dense/bias")
///     try writer.finish()
///
/// The header comes first in the file, and the order of the tensors follows from their types. So
/// tensors are kept until ``finish()``: those that share their memory with a copy, as ``Tensor`` does,
/// take no more of it. If all are declared before, each is written when it is added, in any order, and
/// nothing is kept:
///
///     var writer = try SafetensorsWriter("model.safetensors", declaring: [
///       (TensorKey("dense/bias"), TensorSpec(.float32, [3]))
///     ])
///
/// In a model directory, tensors are spread over files of a size, and an index names them. Other files there
/// stay as they are.
///
/// What stands there already stays until ``finish()`` replaces it in one step.
/// Source: github.com/huggingface/safetensors.
package struct SafetensorsWriter: TensorWriter {
  /// What is written.
  package enum Container: Sendable {
    /// One file.
    case file
    /// A directory with a model: files of at most so many bytes of tensors, and an index if there are several.
    case directory(fileByteCount: UInt64)

    fileprivate var fileByteCount: UInt64? {
      if case .directory(let fileByteCount) = self { fileByteCount } else { nil }
    }
  }

  /// Whether a file in a model directory may be replaced by a model that is saved there.
  package static func isNameOfModel(_ name: String) -> Bool {
    name == ModelNames.single || name == ModelNames.index || ModelNames.isPart(name)
  }

  let path: String
  private let container: Container
  private let metadata: NamedTexts
  private let transaction: any SafetensorsTransaction
  private(set) var declared: SafetensorsOutputs?
  private var kept: [(key: TensorKey, tensor: AnyTensor)] = []
  private var keptKeys: Set<TensorKey> = []
  private(set) var isFinished = false
  /// The paths of the files that ``finish()`` makes appear, without an index, once the tensors are known.
  package private(set) var files: [String] = []

  /// Begins a file, or a model directory.
  ///
  /// - Parameters:
  ///   - path: The file, or the directory.
  ///   - container: Which of them.
  ///   - metadata: Texts about the files, for programs that ask for them: `["format": "pt"]`.
  ///   - options: How they are written.
  /// - Throws: `busy` if somebody else is saving there; `invalidArgument` for a file's path that is a
  ///   directory's; `io` if the system fails.
  package init(
    _ path: String, _ container: Container = .file, metadata: NamedTexts = [:],
    options: FileOptions = FileOptions()
  ) throws(CheckpointError) {
    let text = try PathText.path(path)
    // A path of a file that ends as a directory's does is refused.
    let path = if case .file = container { text } else { Path.withoutTrailingSlashes(text) }
    let transaction = try Self.transaction(path, container, options)
    self.path = path
    self.container = container
    self.metadata = metadata
    self.transaction = transaction
  }

  private static func transaction(_ path: String, _ container: Container, _ options: FileOptions)
    throws(CheckpointError) -> any SafetensorsTransaction
  {
    switch container {
    case .file: try SafetensorsFileTransaction(path, options: options)
    case .directory: try ModelSave.begin(path, options: options)
    }
  }

  /// Begins a file, or a model directory, of tensors that are known but for their values.
  ///
  /// - Parameters:
  ///   - path: The file, or the directory.
  ///   - container: Which of them.
  ///   - tensors: What will be added; each is written as soon as it is. The files of a model take them in this
  ///     order.
  ///   - metadata: Texts about the files.
  ///   - options: How they are written.
  /// - Throws: As without a declaration; and what ``add(_:for:part:)`` throws for such tensors.
  package init(
    _ path: String, _ container: Container = .file,
    declaring tensors: some Collection<(key: TensorKey, spec: TensorSpec)>,
    metadata: NamedTexts = [:], options: FileOptions = FileOptions()
  ) throws(CheckpointError) {
    var specs: [ModelLayout.Spec] = []
    var names: Set<TensorKey> = []
    specs.reserveCapacity(tensors.count)
    for (key, spec) in tensors {
      do throws(CheckpointError) {
        specs.append((key, try Self.type(of: spec, key, part: nil), spec.shape))
        guard names.insert(key).inserted else { throw Self.repeated }
      } catch {
        throw error.located(file: path, key: key.description)
      }
    }
    try self.init(path, container, metadata: metadata, options: options)
    do throws(CheckpointError) {
      declared = try outputs(of: specs)
    } catch {
      throw error.located(file: path)
    }
  }

  // Begins to write, now that all tensors are known.
  private mutating func outputs(of specs: [ModelLayout.Spec]) throws(CheckpointError)
    -> SafetensorsOutputs
  {
    let layout = try ModelLayout(
      specs, fileByteCount: container.fileByteCount, metadata: metadata)
    try transaction.begin(layout.files.count)
    files = transaction.paths
    return SafetensorsOutputs(layout, transaction)
  }

  static func place(
    of key: TensorKey, _ type: SafetensorsDType, _ spec: TensorSpec,
    in declared: SafetensorsOutputs
  ) throws(CheckpointError) -> SafetensorsOutputs.Place {
    guard let place = declared.place(of: key) else {
      throw CheckpointError(.mismatch, "this tensor was not declared")
    }
    guard !declared.isFinished(place) else { throw repeated }
    let entry = declared.entry(at: place)
    guard entry.typeName == type.rawValue, entry.shape == spec.shape else {
      throw CheckpointError(
        .mismatch, "the tensor is \(spec), declared was \(entry.typeName)\(entry.shape)")
    }
    return place
  }

  /// Adds a tensor.
  ///
  /// - Throws: `unsupported` for a dtype that the format does not have (strings, variants,
  ///   quantized, `complex128`, less than a byte), for a part of a partitioned tensor, and for a name
  ///   that is not UTF-8; `invalidArgument` for the name `__metadata__`;
  ///   `duplicateName` for a name that was added already; `mismatch` for one that was not declared,
  ///   or declared otherwise; `invalidArgument` if the writer is finished; `io` if the system fails.
  package mutating func add(
    _ tensor: some TensorStorable, for key: TensorKey, part: TensorSlice.Part?
  )
    throws(CheckpointError)
  {
    do throws(CheckpointError) {
      guard !isFinished else { throw .writerIsFinished }
      let spec = tensor.tensorSpec
      let type = try Self.type(of: spec, key, part: part)
      if let declared {
        let place = try Self.place(of: key, type, spec, in: declared)
        try Self.write(tensor, type, to: place, declared)
      } else {
        guard !keptKeys.contains(key) else { throw Self.repeated }
        let snapshot = try tensor.tensorSnapshot()
        guard snapshot.spec == spec, snapshot.storage != nil else {
          throw CheckpointError(
            .mismatch, "the variable is \(spec), its values are \(snapshot.spec)")
        }
        kept.append((key, snapshot))
        keptKeys.insert(key)
      }
    } catch {
      throw error.located(file: path, key: key.description)
    }
  }

  /// Makes the file appear, whole.
  ///
  /// - Throws: `invalidArgument` if a declared tensor was not added, and if the writer is finished
  ///   already; `limitExceeded` if the names are too many for a header; `io` if the system fails. A
  ///   file that stood there stands then.
  package mutating func finish() throws(CheckpointError) {
    guard !isFinished else { throw .writerIsFinished.located(file: path) }
    isFinished = true
    do throws(CheckpointError) {
      try finishedOutputs().commit()
    } catch {
      throw error.located(file: path)
    }
  }

  private mutating func finishedOutputs() throws(CheckpointError) -> SafetensorsOutputs {
    guard let declared else { return try writeKept() }
    let missing = declared.allPlaces.filter { !declared.isFinished($0) }
      .map { declared.entry(at: $0).key }.sorted()
    guard let first = missing.first else { return declared }
    throw CheckpointError(
      .invalidArgument, "\(missing.count) declared tensors were not added, the first is '\(first)'")
  }

  // File by file, each in its own order.
  private mutating func writeKept() throws(CheckpointError) -> SafetensorsOutputs {
    var specs: [ModelLayout.Spec] = []
    for (key, tensor) in kept {
      specs.append((key, try Self.type(of: tensor.spec, key, part: nil), tensor.spec.shape))
    }
    let outputs = try outputs(of: specs)
    let tensors = Dictionary(kept.map { ($0.key, $0.tensor) }) { first, _ in first }
    kept.removeAll()
    for place in outputs.allPlaces {
      guard let tensor = tensors[outputs.entry(at: place).key],
        let type = SafetensorsDType(tensor.spec.dtype)
      else { preconditionFailure("the layout is of these tensors") }
      try Self.write(tensor, type, to: place, outputs)
    }
    return outputs
  }

  private static func write(
    _ tensor: some TensorStorable, _ type: SafetensorsDType, to place: SafetensorsOutputs.Place,
    _ outputs: SafetensorsOutputs
  ) throws(CheckpointError) {
    let entry = outputs.entry(at: place)
    let numberWidth = type.dtype?.byteOrderWidth ?? 1
    try tensor.withTensorBytes { bytes throws(CheckpointError) in
      guard UInt64(bytes.byteCount) == entry.range.count else {
        throw CheckpointError(
          .mismatch,
          "a tensor \(tensor.tensorSpec) takes \(entry.range.count) bytes, "
            + "the variable has \(bytes.byteCount)")
      }
      try outputs.write(bytes, numberWidth: numberWidth, to: place)
    }
    try outputs.finish(place)
  }

  static func type(of spec: TensorSpec, _ key: TensorKey, part: TensorSlice.Part?)
    throws(CheckpointError)
    -> SafetensorsDType
  {
    guard !key.bytes.elementsEqual(SafetensorsFormat.metadataKey.utf8) else {
      throw CheckpointError(.invalidArgument, "no tensor in a safetensors file has this name")
    }
    guard key.bytes.span.firstInvalidText == nil else {
      throw CheckpointError(.unsupported, "names in safetensors files are UTF-8; this one is not")
    }
    if let part, try part.slice.region(in: part.fullShape).shape != part.fullShape {
      throw CheckpointError(
        .unsupported, "safetensors files do not have tensors in parts; add the whole tensor")
    }
    guard let type = SafetensorsDType(spec.dtype) else {
      throw CheckpointError(
        .unsupported,
        "safetensors files do not have tensors of \(spec.dtype.name), V2 checkpoints do"
      )
    }
    return type
  }

  static let repeated = CheckpointError(.duplicateName, "this name was added twice")
}
