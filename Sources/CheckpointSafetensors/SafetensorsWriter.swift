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
///       ("dense/bias", TensorSpec(.float32, [3])),
///     ])
///
/// A file that stands there already stays until ``finish()`` replaces it in one step.
/// Source: github.com/huggingface/safetensors.
package struct SafetensorsWriter: TensorWriter {
  let path: String
  private let metadata: [String: String]
  private let transaction: SafetensorsTransaction
  private(set) var declared: Declared?
  private var kept: [(key: TensorKey, tensor: AnyTensor)] = []
  var added: Set<TensorKey> = []
  private(set) var isFinished = false

  struct Declared {
    let output: SafetensorsOutput
    let tensors: [TensorKey: SafetensorsEntry]

    func place(of key: TensorKey, _ type: SafetensorsDType, _ spec: TensorSpec)
      throws(CheckpointError) -> SafetensorsEntry
    {
      guard let entry = tensors[key] else {
        throw CheckpointError(.mismatch, "this tensor was not declared")
      }
      guard entry.typeName == type.rawValue, entry.shape == spec.shape else {
        throw CheckpointError(
          .mismatch, "the tensor is \(spec), declared was \(entry.typeName)\(entry.shape)")
      }
      return entry
    }
  }

  /// Begins a file.
  ///
  /// - Parameters:
  ///   - path: The file.
  ///   - metadata: Texts about the file, for programs that ask for them: `["format": "pt"]`.
  ///   - options: How it is written.
  /// - Throws: `busy` if somebody else is saving there; `invalidArgument` for a path that is a
  ///   directory's; `io` if the system fails.
  package init(
    _ path: String, metadata: [String: String] = [:], options: FileOptions = FileOptions()
  ) throws(CheckpointError) {
    let path = try PathText.path(path)
    self.path = path
    self.metadata = metadata
    transaction = try SafetensorsTransaction(path, options: options)
  }

  /// Begins a file of tensors that are known but for their values.
  ///
  /// - Parameters:
  ///   - path: The file.
  ///   - tensors: What will be added; each is written as soon as it is.
  ///   - metadata: Texts about the file.
  ///   - options: How it is written.
  /// - Throws: As without a declaration; and what ``add(_:for:part:)`` throws for such tensors.
  package init(
    _ path: String, declaring tensors: [(key: TensorKey, spec: TensorSpec)],
    metadata: [String: String] = [:], options: FileOptions = FileOptions()
  ) throws(CheckpointError) {
    var specs: [(key: TensorKey, type: SafetensorsDType, shape: TensorShape)] = []
    var names: Set<TensorKey> = []
    for (key, spec) in tensors {
      do throws(CheckpointError) {
        specs.append((key, try Self.type(of: spec, key, part: nil), spec.shape))
        guard names.insert(key).inserted else { throw Self.repeated }
      } catch {
        throw error.located(file: path, key: key.description)
      }
    }
    try self.init(path, metadata: metadata, options: options)
    do throws(CheckpointError) {
      let layout = try SafetensorsLayout(specs, metadata: metadata)
      let places = layout.tensors.map { ($0.key, $0) }
      declared = Declared(
        output: try transaction.createOutput(layout),
        tensors: Dictionary(places) { first, _ in first })
    } catch {
      throw error.located(file: path)
    }
  }

  /// Adds a tensor.
  ///
  /// - Throws: `unsupported` for a dtype that the format does not have (strings, variants,
  ///   quantized, `complex128`, less than a byte), for a part of a partitioned tensor, and for a name
  ///   that is not UTF-8; `invalidArgument` for an empty name, and for `__metadata__`;
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
      guard !added.contains(key) else { throw Self.repeated }
      if let declared {
        try Self.write(tensor, type, to: declared.place(of: key, type, spec), declared.output)
      } else {
        let snapshot = try tensor.tensorSnapshot()
        guard snapshot.spec == spec, snapshot.storage != nil else {
          throw CheckpointError(
            .mismatch, "the variable is \(spec), its values are \(snapshot.spec)")
        }
        kept.append((key, snapshot))
      }
      added.insert(key)
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
      let output = try finishedOutput()
      try output.finish()
      try transaction.finish()
    } catch {
      throw error.located(file: path)
    }
  }

  private mutating func finishedOutput() throws(CheckpointError) -> SafetensorsOutput {
    guard let declared else { return try writeKept() }
    let missing = declared.tensors.keys.filter { !added.contains($0) }.sorted()
    guard let first = missing.first else { return declared.output }
    throw CheckpointError(
      .invalidArgument, "\(missing.count) declared tensors were not added, the first is '\(first)'")
  }

  private mutating func writeKept() throws(CheckpointError) -> SafetensorsOutput {
    var specs: [(key: TensorKey, type: SafetensorsDType, shape: TensorShape)] = []
    for (key, tensor) in kept {
      specs.append((key, try Self.type(of: tensor.spec, key, part: nil), tensor.spec.shape))
    }
    let layout = try SafetensorsLayout(specs, metadata: metadata)
    let output = try transaction.createOutput(layout)
    let tensors = Dictionary(kept.map { ($0.key, $0.tensor) }) { first, _ in first }
    kept.removeAll()
    for entry in layout.tensors {
      guard let tensor = tensors[entry.key], let type = SafetensorsDType(tensor.spec.dtype) else {
        preconditionFailure("the layout is of these tensors")
      }
      try Self.write(tensor, type, to: entry, output)
    }
    return output
  }

  private static func write(
    _ tensor: some TensorStorable, _ type: SafetensorsDType, to entry: SafetensorsEntry,
    _ output: SafetensorsOutput
  ) throws(CheckpointError) {
    let numberWidth = type.dtype?.byteOrderWidth ?? 1
    try tensor.withTensorBytes { bytes throws(CheckpointError) in
      guard UInt64(bytes.byteCount) == entry.range.count else {
        throw CheckpointError(
          .mismatch,
          "a tensor \(tensor.tensorSpec) takes \(entry.range.count) bytes, "
            + "the variable has \(bytes.byteCount)")
      }
      try output.write(bytes, numberWidth: numberWidth, at: entry.range.offset)
    }
  }

  static func type(of spec: TensorSpec, _ key: TensorKey, part: TensorSlice.Part?)
    throws(CheckpointError)
    -> SafetensorsDType
  {
    guard !key.bytes.isEmpty, key != TensorKey(SafetensorsFormat.metadataKey) else {
      throw CheckpointError(.invalidArgument, "no tensor in a safetensors file has this name")
    }
    guard key.string != nil else {
      throw CheckpointError(.unsupported, "names in safetensors files are UTF-8; this one is not")
    }
    if let part, try part.slice.region(in: part.fullShape).shape != part.fullShape {
      throw CheckpointError(
        .unsupported, "safetensors files do not have tensors in parts; add the whole tensor")
    }
    guard let type = SafetensorsDType(spec.dtype) else {
      throw CheckpointError(
        .unsupported,
        "safetensors files do not have tensors of \(spec.dtype.name); save a checkpoint, or convert it"
      )
    }
    return type
  }

  static let repeated = CheckpointError(.duplicateName, "this name was added twice")
}
