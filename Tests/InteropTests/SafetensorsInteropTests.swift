import CheckpointIO
import CheckpointSafetensors
import CheckpointTensors
import CheckpointTestSupport
import Checkpoints
import Testing

/// Proves that the safetensors package reads what is written here, that it is read here what the
/// package writes, and that both write the same bytes.
@Suite(.enabled(if: SafetensorsPackage.isInstalled))
struct SafetensorsInteropTests {
  static let dtypes: [(dtype: DType, name: String)] = [
    (.bool, "BOOL"), (.uint8, "U8"), (.int8, "I8"), (.float8E5M2, "F8_E5M2"),
    (.float8E4M3FN, "F8_E4M3"), (.float8E4M3FNUZ, "F8_E4M3FNUZ"),
    (.float8E5M2FNUZ, "F8_E5M2FNUZ"), (.int16, "I16"), (.uint16, "U16"), (.float16, "F16"),
    (.bfloat16, "BF16"), (.int32, "I32"), (.uint32, "U32"), (.float32, "F32"),
    (.complex64, "C64"), (.float64, "F64"), (.int64, "I64"), (.uint64, "U64"),
  ]

  @Test func `writes what the package writes, for every dtype and shape`() throws {
    var random = SeededGenerator(seed: 1)
    var tensors: [NamedTensor] = []
    for (dtype, _) in Self.dtypes {
      for shape in BundleInteropTests.shapes {
        let key = TensorKey("\(dtype.name)/\(shape)")
        tensors.append(NamedTensor(key: key, tensor: try random.tensor(dtype, shape)))
      }
    }
    tensors.shuffle(using: &random)
    try expectSameFiles(tensors)
  }

  @Test func `writes what the package writes, for names of any characters`() throws {
    var random = SeededGenerator(seed: 2)
    let control = String((0..<0x21).map { Character(Unicode.Scalar(UInt8($0))) })
    let names = [
      "é", "e\u{301}", "a b/c.d", "a", "a/", "a/b", "\"\\/\u{7F}", control, "\u{2028}😀\u{10FFFF}",
      String(repeating: "x", count: 5000), "__metadata", "dtype",
    ]
    let tensors = try names.map {
      NamedTensor(key: TensorKey($0), tensor: try random.tensor(.float32, [2]))
    }
    try expectSameFiles(tensors)
  }

  @Test func `writes what the package writes, with and without metadata`() throws {
    let tensors = [NamedTensor(key: "b", tensor: AnyTensor(Tensor<Float>([1.5, -2])))]
    try expectSameFiles(tensors, metadata: ["form\"at": "é\n"])
    try expectSameFiles([], metadata: ["format": "pt"])
    try expectSameFiles([])
  }

  @Test func `writes what the package writes, for many tensors and for large ones`() throws {
    var random = SeededGenerator(seed: 3)
    var tensors = try (0..<3000).map { number in
      NamedTensor(
        key: TensorKey("layer_\(number)/kernel"),
        tensor: try random.tensor(number.isMultiple(of: 2) ? .int16 : .float32, [3]))
    }
    let large = AnyTensor(Tensor(repeating: 0.5 as Float, shape: [600, 1000]))
    tensors.append(NamedTensor(key: "large", tensor: large))
    try expectSameFiles(tensors)
  }

  @Test func `a file that is new is what the package writes with the format that loaders ask for`()
    throws
  {
    let directory = try TemporaryDirectory()
    let tensors = [NamedTensor(key: "b", tensor: AnyTensor(Tensor<Float>([1.5, -2])))]
    var writer = try CheckpointWriter(
      to: directory.path("ours"), options: SaveOptions(format: .safetensors))
    for item in tensors { try writer.add(item.tensor, for: item.key) }
    try writer.finish()
    try SafetensorsPackage.write(
      tensors, metadata: ["format": "pt"], to: directory.path("theirs"))
    #expect(try directory.bytes("ours") == directory.bytes("theirs"))
    #expect(try SafetensorsPackage.dump(directory.path("ours")).metadata == ["format": "pt"])
  }

  /// Lets both write the same tensors, compares the files, and lets each read the other's.
  private func expectSameFiles(_ tensors: [NamedTensor], metadata: [String: String] = [:]) throws {
    let directory = try TemporaryDirectory()
    try write(tensors, NamedTexts(metadata), to: directory.path("ours"))
    try writeDeclared(tensors, NamedTexts(metadata), to: directory.path("declared"))
    try SafetensorsPackage.write(tensors, metadata: metadata, to: directory.path("theirs"))
    #expect(try directory.bytes("ours") == directory.bytes("theirs"))
    #expect(try directory.bytes("declared") == directory.bytes("theirs"))

    let read = try SafetensorsPackage.dump(directory.path("ours"))
    let sorted = tensors.sorted { $0.key < $1.key }
    #expect(read.tensors.map(\.key) == sorted.map(\.key))
    #expect(read.tensors.map(\.sha256) == sorted.map(\.tensor.sha256))
    #expect(read.tensors.map(\.spec) == sorted.map { Self.name($0.tensor.spec) })
    #expect(read.metadata == metadata)

    let reader = try SafetensorsReader(directory.path("theirs"))
    #expect(reader.metadata == NamedTexts(metadata))
    let entries = try reader.entries()
    #expect(entries.map(\.key) == sorted.map(\.key))
    for (entry, item) in zip(entries, sorted) {
      #expect(entry.spec == item.tensor.spec)
      #expect(try reader.tensor(for: entry.key).sha256 == item.tensor.sha256)
    }
  }

  private static func name(_ spec: TensorSpec) -> String {
    let name = dtypes.first { $0.dtype == spec.dtype }?.name ?? "?"
    return "\(name)\(spec.shape)"
  }

  private func write(_ tensors: [NamedTensor], _ metadata: NamedTexts, to path: String) throws {
    var writer = try SafetensorsWriter(path, metadata: metadata)
    for item in tensors { try writer.add(item.tensor, for: item.key) }
    try writer.finish()
  }

  private func writeDeclared(
    _ tensors: [NamedTensor], _ metadata: NamedTexts, to path: String
  ) throws {
    var writer = try SafetensorsWriter(
      path, declaring: tensors.map { ($0.key, $0.tensor.spec) }, metadata: metadata)
    for item in tensors.reversed() { try writer.add(item.tensor, for: item.key) }
    try writer.finish()
  }
}
