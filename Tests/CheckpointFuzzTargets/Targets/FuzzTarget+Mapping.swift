import CheckpointIO
import CheckpointMapping
import CheckpointTensors
import CheckpointTestSupport

extension FuzzTarget {
  /// The rules of a mapping: applied to a few tensors, and written again.
  package static let mappingRules = FuzzTarget(
    "mapping", mostBytes: 2048, seeds: FuzzSeeds.mappings
  ) { bytes in
    let mapping = try KeyMapping(json: String(decoding: bytes, as: UTF8.self))
    let text = try promised("rules are written") { try mapping.json() }
    let copy = try promised("written rules are read") { try KeyMapping(json: text) }
    let again = try promised("rules are written again") { try copy.json() }
    try promise(again == text, "rules are read as others")
    // Somebody who gives a regular expression can make it take for ever: that is his own time, and the
    // expression is no part of a checkpoint. It is applied to short names only.
    guard !text.contains("regex") || text.utf8.count < 256 else { return }
    let preview = try copy.preview(of: ModelReader(model))
    guard preview.problems.isEmpty else {
      for problem in preview.problems { _ = problem.description }
      return
    }
    let reader = try promised("a mapping without problems is applied") {
      try MappedReader(ModelReader(model), copy)
    }
    for tensor in preview.tensors.prefix(mostTensors) {
      guard let values = try? reader.tensor(for: tensor.name) else { continue }
      try promise(values.spec == tensor.spec, "\(tensor.spec) is promised, \(values.spec) is read")
    }
  }

  private static let model: TensorModel = {
    var tensors: [TensorKey: AnyTensor] = [:]
    for (name, shape) in [
      ("a", [2, 3]), ("b", [2, 3]), ("c/w", [4]), ("c/b", []), ("d_0", [1, 4]),
    ] {
      let count = shape.reduce(1, *)
      let bytes = (0..<count * 4).map { UInt8($0) }
      let spec = TensorSpec(.float32, TensorShape(shape))
      tensors[TensorKey(name)] = try? unsafe AnyTensor(spec, bytes: bytes.span.bytes)
    }
    return TensorModel(tensors)
  }()
}
