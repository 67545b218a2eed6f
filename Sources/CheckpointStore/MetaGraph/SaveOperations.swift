import CheckpointIO
import CheckpointTensors

/// The operations of a graph that save: found from the tensor that a saver evaluates, backwards.
///
///     save/control_dependency  waits for  ^save/SaveV2
///     save/SaveV2              takes      the prefix, the names, the slices, then the values
///
/// A sharded saver has one for each shard, behind operations that merge them. Operations of V1 are
/// `SaveSlices`, and `Save`, which knows no slices.
struct SaveOperations {
  private let graph: GraphIndex

  init(_ graph: GraphIndex) { self.graph = graph }

  /// What a saver writes, in byte order of the keys.
  ///
  /// - Throws: `corrupt` if an operation does not have what it needs; `limitExceeded` if the way to
  ///   them is longer than any saver makes it.
  func tensors(savedBy saver: SaverMessage) throws(CheckpointError) -> [MetaGraphSummary
    .SavedTensor]
  {
    var tensors: [MetaGraphSummary.SavedTensor] = []
    var ahead = [String(GraphName(saver.saveTensorName).node)]
    var known = Set(ahead)
    while let name = ahead.popLast() {
      guard let node = try graph.node(named: name) else { continue }
      if let operation = Operation(node) {
        tensors += try self.tensors(of: operation)
        continue
      }
      for input in node.inputs.map({ String(GraphName($0).node) })
      where known.insert(input).inserted {
        guard known.count <= Self.mostNodes else {
          throw CheckpointError(.limitExceeded, "more than \(Self.mostNodes) nodes lead to a save")
        }
        ahead.append(input)
      }
    }
    return tensors.sorted { ($0.key, $0.partText) < ($1.key, $1.partText) }
  }

  /// A node that saves, and where its inputs are.
  private struct Operation {
    let node: GraphNode
    let dtypeAttribute: String
    let hasSlices: Bool
    var firstValue: Int { hasSlices ? 3 : 2 }

    init?(_ node: GraphNode) {
      switch node.operation {
      case "SaveV2": (dtypeAttribute, hasSlices) = ("dtypes", true)
      case "SaveSlices": (dtypeAttribute, hasSlices) = ("T", true)
      case "Save": (dtypeAttribute, hasSlices) = ("T", false)
      default: return nil
      }
      self.node = node
    }
  }

  private func tensors(of operation: Operation) throws(CheckpointError) -> [MetaGraphSummary
    .SavedTensor]
  {
    let node = operation.node
    let inputs = node.inputs.filter { $0.utf8.first != UInt8(ascii: "^") }
    guard inputs.count >= operation.firstValue else {
      throw CheckpointError(.corrupt, "'\(node.name)' saves without names", key: node.name)
    }
    let values = inputs[operation.firstValue...]
    let names = try strings(inputs[1], count: values.count)
    let slices =
      operation.hasSlices
      ? try strings(inputs[2], count: values.count) : values.map { _ in [] }
    let dtypes = try node.dtypes(operation.dtypeAttribute)
    var tensors: [MetaGraphSummary.SavedTensor] = []
    for (index, value) in values.enumerated() {
      tensors.append(
        try tensor(
          names[index], slice: slices[index], dtype: index < dtypes.count ? dtypes[index] : 0,
          value: value))
    }
    return tensors
  }

  private func tensor(_ name: [UInt8], slice: [UInt8], dtype: Int32, value: String)
    throws(CheckpointError) -> MetaGraphSummary.SavedTensor
  {
    let key = TensorKey(bytes: name)
    guard !name.isEmpty else { throw CheckpointError(.corrupt, "a tensor is saved without a name") }
    var part: TensorSlice.Part?
    if !slice.isEmpty {
      do throws(CheckpointError) {
        part = try TensorSlice.Part(String(decoding: slice, as: UTF8.self))
      } catch {
        throw CheckpointError(.corrupt, error.message, key: key.description)
      }
    }
    let origin = try origin(of: value)
    let partShape = try part?.slice.region(in: part?.fullShape ?? .scalar).shape
    return MetaGraphSummary.SavedTensor(
      key: key,
      part: part,
      dtype: DType(rawValue: dtype > 100 ? dtype - 100 : dtype),  // from 101 on: references
      shape: partShape ?? origin.shape,
      source: origin.name
    )
  }

  // The strings of a constant. TensorFlow leaves out those at the end that are equal to the last one
  // written, and all of them if they are empty.
  private func strings(_ input: String, count: Int) throws(CheckpointError) -> [[UInt8]] {
    let name = String(GraphName(input).node)
    guard let node = try graph.node(named: name), node.operation == "Const" else {
      throw CheckpointError(.corrupt, "the names of a save operation are no constant", key: name)
    }
    let strings = try node.strings("value")
    guard strings.count <= count else {
      throw CheckpointError(
        .corrupt, "\(strings.count) strings for \(count) values that are saved", key: name)
    }
    let last = strings.last ?? []
    return strings + Array(repeating: last, count: count - strings.count)
  }

  // Follows a value to its variable: past the operations that only pass it on.
  private func origin(of value: String) throws(CheckpointError) -> (
    name: String, shape: TensorShape?
  ) {
    var name = GraphName(value)
    var shape: TensorShape?
    for _ in 0..<Self.mostSteps {
      guard name.output == 0, let node = try graph.node(named: String(name.node)) else { break }
      if let known = try node.shape("shape") { return (node.name, known) }
      if shape == nil { shape = try node.shape("_output_shapes") }
      guard Self.passingOperations.contains(node.operation), let input = node.inputs.first,
        input.utf8.first != UInt8(ascii: "^")
      else { return (node.name, shape) }
      name = GraphName(input)
    }
    return (String(name.node), shape)
  }

  private static let passingOperations: Set<String> = ["Identity", "ReadVariableOp"]
  private static let mostSteps = 8
  private static let mostNodes = 100_000
}

extension MetaGraphSummary.SavedTensor {
  fileprivate var partText: String { part?.description ?? "" }
}
