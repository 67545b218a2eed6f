import CheckpointStore
import CheckpointMapping
import CheckpointBundle
import CheckpointGraph
import CheckpointIO
import CheckpointSafetensors
import CheckpointSlices
import CheckpointPlans
import CheckpointTensors

/// What will be written, while it is found out: the tensors of one source after the other, and all
/// that the target cannot hold.
struct ConversionPlan {
  private let format: CheckpointFormat
  private let options: CheckpointConversion.Options
  private var tensors: [ConvertedTensor] = []
  private var graph: SourceGraph?
  private var problems: [CheckpointError] = []
  // Whether the mapping has left nothing of the tensors that there were.
  private var isAllDropped = false
  var notes: [String] = []
  /// The texts of the sources.
  private(set) var metadata: MergedMetadata

  private struct SourceGraph {
    let original: ObjectGraph
    let tensor: ConvertedTensor
    /// The names of the tensors that stand beside it.
    let storedKeys: Set<TensorKey>
  }

  // Whether what is written has an object graph.
  private var keepsGraph: Bool {
    format.isTensorFlow && !options.dropsObjectGraph && !options.usesFullNames
  }

  init(format: CheckpointFormat, options: CheckpointConversion.Options) {
    self.format = format
    self.options = options
    metadata = MergedMetadata(given: options.metadata)
  }

  // MARK: Sources

  /// Adds the tensors of a source, as the mapping has them.
  ///
  /// The rules do not see the object graph: its keys follow the tensors when all names are known.
  ///
  /// - Parameters:
  ///   - source: The source.
  ///   - values: What has the values of its tensors, if that is another reader.
  /// - Throws: `duplicateName` for a second object graph; what reading the list of tensors throws.
  mutating func add(_ source: CheckpointReader, values: (any TensorReader)? = nil)
    throws(CheckpointError)
  {
    for tensor in source.unsupportedTensors {
      reportUnsupported(
        CheckpointError(
          .unsupported, "its elements are of the type \(tensor.typeName), which is not read here",
          file: source.path), tensor.key)
    }
    metadata.add(source)
    try addGraph(of: source)
    let values = values ?? source.reader
    let reader: any TensorReader = graph == nil ? values : ReaderWithoutGraph(values)
    guard let rules = options.mapping else {
      let stored = ConversionSource(values)
      return try reader.forEachEntry { tensors.append(ConvertedTensor($0, in: stored)) }
    }
    let mapped = MappedConversionSource(try MappedReader(reader, rules))
    let count = tensors.count
    try mapped.mapping.forEachEntry { tensors.append(ConvertedTensor($0, in: mapped)) }
    if tensors.count == count { try reader.forEachEntry { _ in isAllDropped = true } }
    if !tensors.isEmpty { isAllDropped = false }
  }

  private mutating func addGraph(of source: CheckpointReader) throws(CheckpointError) {
    let key = TensorKey(ObjectGraph.key)
    guard let entry = try source.entry(for: key) else { return }
    if let other = graph?.tensor.file, keepsGraph {
      throw CheckpointError(
        .duplicateName,
        "two of the checkpoints have an object graph, and one graph cannot say what both do: "
          + "'\(other)' and '\(source.path)'; leave one out, or the objects: dropsObjectGraph, "
          + "'--drop-objects'")
    }
    var keys: Set<TensorKey> = []
    try source.forEachEntry { keys.insert($0.key) }
    graph = SourceGraph(
      original: try ObjectGraph(from: source),
      tensor: ConvertedTensor(entry, in: ConversionSource(source.reader)),
      storedKeys: keys)
  }

  // MARK: Checks

  /// The tensors as they will be written.
  ///
  /// - Throws: One error with every problem.
  mutating func checkedTensors(for destination: String) throws(CheckpointError) -> [ConvertedTensor]
  {
    applyNames()
    try NameCollisions(among: tensors).check()
    checkNamesNoGraph()
    if options.joinsSlices || !format.isTensorFlow { joinSlices() } else { noteSlices() }
    removeUnsupported()
    appendGraph()
    checkMetadata()
    if let error = CheckpointError.combining(problems, file: destination, summary: summary) {
      throw error
    }
    guard !tensors.isEmpty || !format.isTensorFlow && !isAllDropped else {
      let hint = isAllDropped ? "; the rules leave all of them out" : ""
      throw CheckpointError(
        .unsupported,
        "there is no tensor to be written, and a checkpoint holds one at least\(hint)",
        file: destination)
    }
    return tensors
  }

  private mutating func removeUnsupported() {
    var unsupported: Set<Int> = []
    for (index, tensor) in tensors.enumerated() {
      guard let problem = problem(with: tensor) else { continue }
      reportUnsupported(problem, tensor.key)
      unsupported.insert(index)
    }
    guard !unsupported.isEmpty else { return }
    tensors = tensors.indices.filter { !unsupported.contains($0) }.map { tensors[$0] }
  }

  private func summary(_ count: Int) -> String {
    guard problems.allSatisfy({ $0.key != nil }) else {
      return "\(count) problems keep the checkpoint from being converted to \(format.title)"
    }
    return
      "\(count) tensors cannot be converted to \(format.title); leave them out, or choose another format"
  }

  private mutating func reportUnsupported(_ problem: CheckpointError, _ key: TensorKey) {
    if options.omitsUnsupported {
      notes.append("'\(key)' is left out: \(problem.message)")
    } else {
      problems.append(problem.located(key: key.description))
    }
  }

  private mutating func applyNames() {
    var unused = options.names
    guard !unused.isEmpty else { return }
    for index in tensors.indices {
      guard let name = unused.removeValue(forKey: tensors[index].key) else { continue }
      tensors[index].key = name
    }
    let keys = tensors.map(\.key)
    for key in unused.keys.sorted() {
      let problem =
        key == graph?.tensor.key
        ? CheckpointError.graphKeepsName
        : CheckpointError(
          .notFound, "there is no such tensor\(NearestKeys(to: key, among: keys).hint)")
      problems.append(problem.located(key: key.description))
    }
  }

  // Anything else under the graph's name makes a checkpoint unreadable, this one or what is made of it.
  private mutating func checkNamesNoGraph() {
    for tensor in tensors where tensor.key == TensorKey(ObjectGraph.key) {
      problems.append(.namedAsGraph(tensor.source))
    }
  }

  private mutating func checkMetadata() {
    guard format.isTensorFlow else {
      problems += metadata.problems
      return
    }
    if let note = metadata.lossNote(for: format) { notes.append(note) }
    do throws(CheckpointError) {
      try SaveOptions(format: format, metadata: options.metadata).checkMetadata()
    } catch {
      problems.append(error)
    }
  }

  // Safetensors files may have a tensor whose name is empty.
  private func lackOfName(of tensor: ConvertedTensor) -> CheckpointError? {
    guard tensor.key.bytes.isEmpty, format.isTensorFlow else { return nil }
    guard tensor.source.bytes.isEmpty else {
      return CheckpointError(
        .invalidArgument, "'\(tensor.source)' would have no name, and a tensor needs one")
    }
    let place = tensor.file.map { " in '\($0)'" } ?? ""
    return CheckpointError(
      .unsupported,
      "the tensor has no name\(place), and \(format.title) needs one; give it one first: 'checkpoint "
        + "rename'")
  }

  private func problem(with tensor: ConvertedTensor) -> CheckpointError? {
    if let problem = lackOfName(of: tensor) { return problem }
    do throws(CheckpointError) {
      for part in try tensor.parts {
        let spec = try tensor.spec(of: part)
        switch format {
        case .v2: try BundleWriter.check(spec, for: tensor.key)
        case .v1: try SlicesWriter.check(spec, for: tensor.key, part: part)
        case .safetensors, .modelDirectory: try SafetensorsWriter.check(spec, for: tensor.key)
        }
      }
      return nil
    } catch {
      return error
    }
  }

  // MARK: Slices

  private mutating func joinSlices() {
    var joined = 0
    for index in tensors.indices where !tensors[index].slices.isEmpty {
      let tensor = tensors[index]
      let stored = tensor.storedElementCount
      if stored < tensor.spec.shape.elementCount {
        let problem =
          "only \(stored) of its \(tensor.spec.shape.elementCount) elements were saved; it cannot be "
          + "put together"
        problems.append(CheckpointError(.notFound, problem, key: tensor.key.description))
      }
      tensors[index].slices = []
      joined += 1
    }
    guard joined > 0 else { return }
    notes.append("\(joined) tensor\(joined == 1 ? "" : "s") in slices put together")
  }

  private mutating func noteSlices() {
    for tensor in tensors where !tensor.slices.isEmpty {
      guard let hindrance = tensor.spec.hindranceToJoining else { continue }
      notes.append(
        "'\(tensor.key)' stays in slices, which TensorFlow does not put together for \(hindrance)")
    }
  }

  // MARK: The object graph

  private mutating func appendGraph() {
    guard let graph, !options.dropsObjectGraph else { return }
    guard !options.usesFullNames else {
      return notes.append(
        "the object graph is left out: the tensors have the full names of their variables")
    }
    guard format.isTensorFlow else {
      return notes.append(
        "the object graph is left out, safetensors files have no strings: what is written can be "
          + "restored by names only")
    }
    var follower = GraphFollower(graph.original, storedKeys: graph.storedKeys)
    let hadValues = follower.hasValues
    follower.follow(tensors.map { ($0.key, $0.sources) })
    if let note = follower.note { notes.append(note) }
    // A graph whose objects never had a value is kept: there is nothing else to keep.
    guard follower.hasValues || !hadValues else {
      return notes.append("the object graph is left out: no object has a value any more")
    }
    guard follower.graph != graph.original else { return tensors.append(graph.tensor) }
    let message = AnyTensor(Tensor<[UInt8]>(follower.graph.message))
    tensors.append(ConvertedTensor(graph.tensor.key, message))
  }
}

extension ConvertedTensor {
  // Counts overlapping parts twice; reading reports those.
  fileprivate var storedElementCount: Int {
    slices.reduce(0) { count, slice in
      let region = try? slice.region(in: spec.shape)
      return count.addingReportingOverflow(region?.shape.elementCount ?? 0).partialValue
    }
  }
}

extension CheckpointError {
  /// The error for an object graph that is to get another name.
  static var graphKeepsName: CheckpointError {
    CheckpointError(
      .invalidArgument, "this is the object graph, which keeps its name", key: ObjectGraph.key)
  }

  /// The error for a tensor that is to get the name of the object graph.
  static func namedAsGraph(_ key: TensorKey) -> CheckpointError {
    CheckpointError(
      .invalidArgument,
      "'\(ObjectGraph.key)' is the name of the object graph, which no other tensor can have; give another",
      key: key.description)
  }
}
