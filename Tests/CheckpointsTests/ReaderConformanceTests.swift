import CheckpointBundle
import CheckpointIO
import CheckpointMapping
import CheckpointSafetensors
import CheckpointSlices
import CheckpointStore
import CheckpointTensors
import CheckpointTestSupport
import Checkpoints
import Testing

/// Proves that readers of readers, and the one for all formats, keep what every reader promises.
@Suite struct ReaderConformanceTests {
  // What all three formats can hold.
  private static let dtypes: [DType] = [
    .float32, .int64, .bool, .uint8, .int8, .int16, .int32, .float64,
  ]
  private static let model = TensorModel.sample(dtypes)

  private let directory: TemporaryDirectory
  init() throws { directory = try TemporaryDirectory() }

  private func add(_ model: TensorModel, to writer: some TensorWriter) throws {
    var writer = writer
    for (key, tensor) in model.tensors { try writer.add(tensor, for: key) }
    try writer.finish()
  }

  private func bundle(_ model: TensorModel) throws -> BundleReader {
    try add(model, to: BundleWriter(prefix: directory.path("m")))
    return try BundleReader(prefix: directory.path("m"))
  }

  // MARK: Of all formats

  @Test func `CheckpointReader keeps the promises for each format`() throws {
    try add(Self.model, to: BundleWriter(prefix: directory.path("v2")))
    try add(Self.model, to: SlicesWriter(path: directory.path("v1")))
    try add(Self.model, to: SlicesWriter(prefix: directory.path("parts"), shardCount: 2))
    try add(Self.model, to: SafetensorsWriter(directory.path("m.safetensors")))
    for name in ["v2", "v1", "parts-?????-of-00002", "m.safetensors"] {
      let reader = try CheckpointReader(directory.path(name))
      #expect(checkTensorReader(reader, against: Self.model) == [], "\(name)")
    }
  }

  // MARK: Mapped

  private func checkMapped(_ mapping: KeyMapping, _ expected: [TensorKey: AnyTensor]) throws {
    let expected = TensorModel(expected)
    let stored = try bundle(Self.model)
    #expect(checkTensorReader(try MappedReader(stored, mapping), against: expected) == [])
    let plain = try MappedReader(ModelReader(Self.model), mapping)
    #expect(checkTensorReader(plain, against: expected) == [])
  }

  private func renamed(_ change: (String) -> String?) -> [TensorKey: AnyTensor] {
    var tensors: [TensorKey: AnyTensor] = [:]
    for (key, tensor) in Self.model.tensors {
      if let name = change(key.string ?? "") { tensors[TensorKey(name)] = tensor }
    }
    return tensors
  }

  @Test func `a mapping that changes nothing keeps the promises`() throws {
    try checkMapped([], Self.model.tensors)
  }

  @Test func `a mapping that changes names keeps the promises`() throws {
    try checkMapped(
      [
        .prefix("float32/", to: "new/"), .rename(["ab": "zzz", "a": "ab"]), .drop(.prefix("bool/")),
      ],
      renamed { name in
        if name.hasPrefix("bool/") { return nil }
        if name.hasPrefix("float32/") { return "new/" + name.dropFirst("float32/".count) }
        return ["ab": "zzz", "a": "ab"][name] ?? name
      })
  }

  @Test func `mappings one on the other keep the promises`() throws {
    let first = try MappedReader(bundle(Self.model), [.prefix("float32/", to: "new/")])
    let second = try MappedReader(first, [.prefix("new/", to: "newer/")])
    let expected = renamed {
      $0.hasPrefix("float32/") ? "newer/" + $0.dropFirst("float32/".count) : $0
    }
    #expect(checkTensorReader(second, against: TensorModel(expected)) == [])
  }

  private static let matrix = TensorModel.tensor(
    TensorSpec(.int16, [3, 4]), (0..<12).map { [UInt8($0), 1] })

  // Row-major elements in another order.
  private func matrix(_ shape: TensorShape, _ order: [Int]) -> AnyTensor {
    let elements = TensorModel.elements(of: Self.matrix)
    return TensorModel.tensor(TensorSpec(.int16, shape), order.map { elements[$0] })
  }

  @Test func `mappings that change values keep the promises`() throws {
    let stored = TensorModel([
      "t": Self.matrix, "r": Self.matrix, "s": Self.matrix, "plain": Self.matrix,
    ])
    let rows = TensorSlice([.range(start: 1, length: 2), .full])
    let mapping: KeyMapping = [
      .transform(.name("t"), .transpose([1, 0])), .transform(.name("r"), .reshape([2, 3, 2])),
      .transform(.name("s"), .slice(rows)),
    ]
    let expected = TensorModel([
      "t": matrix([4, 3], (0..<12).map { $0 % 3 * 4 + $0 / 3 }),
      "r": matrix([2, 3, 2], Array(0..<12)),
      "s": matrix([2, 4], Array(4..<12)), "plain": Self.matrix,
    ])
    for reader in [try bundle(stored), ModelReader(stored)] as [any TensorReader] {
      #expect(checkTensorReader(try MappedReader(reader, mapping), against: expected) == [])
    }
  }

  // The elements of a row, where they are in the other order.
  private static func reversed(_ start: Int) -> [Int] { (0..<4).map { 11 - (start + $0) } }

  @Test func `mappings that join and split tensors keep the promises`() throws {
    let stored = TensorModel([
      "a": Self.matrix, "b": matrix([3, 4], (0..<12).reversed()), "c": Self.matrix,
      "d": Self.matrix,
      "e": matrix([3, 4], (0..<12).reversed()), "plain": Self.matrix,
    ])
    let mapping: KeyMapping = [
      .stack(["a", "b"], axis: 0, into: "stack"), .split("c", axis: 1, into: ["left", "right"]),
      .concatenate(["d", "e"], axis: 1, into: "wide"),
    ]
    let wide = (0..<3).flatMap { row in Array(4 * row..<4 * row + 4) + Self.reversed(4 * row) }
    let expected = TensorModel([
      "stack": matrix([2, 3, 4], Array(0..<12) + Array((0..<12).reversed())),
      "left": matrix([3, 2], [0, 1, 4, 5, 8, 9]), "right": matrix([3, 2], [2, 3, 6, 7, 10, 11]),
      "wide": matrix([3, 8], wide), "plain": Self.matrix,
    ])
    for reader in [try bundle(stored), ModelReader(stored)] as [any TensorReader] {
      #expect(checkTensorReader(try MappedReader(reader, mapping), against: expected) == [])
    }
  }

  // MARK: By full names

  @Test func `an object-based checkpoint by its full names keeps the promises`() throws {
    let path = try Checkpoint([
      "a": Variable<Float>(Tensor([1, 2, 3]), name: "x"), "b": Variable<Int64>(2, name: "y/kernel"),
      "c": Variable<Float>(3, name: "twice"), "d": Variable<Float>(4, name: "twice"),
    ]).write(to: directory.path("objects"))
    let checkpoint = try CheckpointReader(path)
    let graph = try #require(try checkpoint.savedGraph())
    var tensors: [TensorKey: AnyTensor] = [:]
    for entry in try checkpoint.entries() {
      tensors[entry.key] = try checkpoint.tensor(for: entry.key)
    }
    for (name, place) in [("x", "a"), ("y/kernel", "b")] {
      let key = TensorKey("\(place)/.ATTRIBUTES/VARIABLE_VALUE")
      let tensor = tensors.removeValue(forKey: key)
      tensors[TensorKey(name)] = tensor
    }
    let reader = FullNameReader(checkpoint, graph)
    let model = TensorModel(tensors)
    #expect(model.keys.count == tensors.count)
    #expect(checkTensorReader(reader, against: model) == [])
    let mapped = try MappedReader(reader, [.prefix("y/", to: "z/")])
    tensors["z/kernel"] = tensors.removeValue(forKey: "y/kernel")
    #expect(checkTensorReader(mapped, against: TensorModel(tensors)) == [])
  }
}
