import CheckpointStore
import CheckpointSafetensors
import CheckpointMapping
import CheckpointTensors
import CheckpointTestSupport
import Checkpoints
import Foundation
import Testing

/// Proves that TensorFlow, and the `safetensors` package, read what a conversion writes, in every
/// direction that they can read.
@Suite(.enabled(if: TensorFlow.isInstalled), .serialized)
struct ConversionInteropTests {
  typealias Format = CheckpointFormat
  private let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory("conversion") }

  private static func fixture(_ name: String) -> String {
    URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .appendingPathComponent("TensorFlowFixtureTests/Fixtures/\(name)").path
  }

  private func convert(
    _ source: String, _ format: Format,
    _ change: (inout CheckpointConversion.Options) -> Void = { _ in }
  ) throws -> String {
    let path = directory.path("converted-\(format)-\(directory.names.count)")
    var options = CheckpointConversion.Options()
    options.format = format
    change(&options)
    try CheckpointConversion(from: source, to: path, options: options).run()
    return path
  }

  /// What is read here, which other tests compare with what TensorFlow says of the same files.
  private func tensors(_ path: String) throws -> [NamedTensor] {
    let reader = try CheckpointReader(path)
    return try reader.entries().map {
      NamedTensor(key: $0.key, tensor: try reader.tensor(for: $0.key))
    }
  }

  private func summaries(_ tensors: [NamedTensor]) -> [TensorSummary] {
    tensors.map { TensorSummary($0.key, $0.tensor) }
  }

  static let v1 = [
    "v1/worked", "v1/dtypes", "v1/blocks", "v1/names", "v1/partitioned", "v1/joinable_types",
    "v1/snappy", "v1/two-?????-of-00002", "v1/three-?????-of-00003",
    "v1/saver/model.ckpt-41-?????-of-00001",
  ]

  @Test(arguments: v1) func `V1 becomes V2, and TensorFlow restores it`(fixture: String) throws {
    let source = Self.fixture(fixture)
    let expected = summaries(try tensors(source))
    #expect(try TensorFlow.shared.dump(convert(source, .v2) { $0.joinsSlices = true }) == expected)
    // In slices, TensorFlow puts most dtypes together.
    if !fixture.contains("dtypes") {
      #expect(try TensorFlow.shared.dump(convert(source, .v2)) == expected)
    }
  }

  @Test(
    .enabled(if: SafetensorsPackage.isInstalled),
    arguments: ["object/nested-1", "keras/keras3_adam"])
  func `objects of TensorFlow become dotted names for safetensors, and come back`(fixture: String)
    throws
  {
    let source = Self.fixture(fixture)
    let dotted = try convert(source, .safetensors) {
      $0.mapping = .names(.dotted)
      $0.omitsUnsupported = true
    }
    let dumped = try SafetensorsPackage.dump(dotted).tensors
    let written = try tensors(dotted)
    #expect(dumped.map(\.key) == written.map(\.key))
    #expect(dumped.map(\.sha256) == written.map(\.tensor.sha256))
    let back = try convert(dotted, .v2) { $0.mapping = .names(.objects) }
    let held = Set(try CheckpointReader(back).entries().map(\.key))
    let expected = summaries(try tensors(source).filter { held.contains($0.key) })
    #expect(held.count == dumped.count)
    #expect(try TensorFlow.shared.dump(back) == expected)
  }

  static let v2 = [
    "worked/two_tensors", "worked/sliced", "sharded/two", "sharded/three", "slices/partitioned",
    "bigendian/all", "names/odd", "object/nested-1", "blocks/size_64", "snappy/size_512",
    "many/five_thousand", "keras/keras3_adam",
  ]

  @Test(arguments: v2)
  func `V2 becomes V2 and V1, and TensorFlow restores both`(fixture: String) throws {
    let source = Self.fixture(fixture)
    let all = try tensors(source)
    // TensorFlow has no form for some dtypes in V1: these are left out.
    let v1 = try convert(source, .v1) { $0.omitsUnsupported = true }
    let held = Set(try CheckpointReader(v1).entries().map(\.key))
    let possible = all.filter { held.contains($0.key) }
    #expect(!possible.isEmpty)
    #expect(try TensorFlow.shared.readV1(possible, from: v1) == summaries(possible))
    #expect(
      try TensorFlow.shared.dump(convert(source, .v2)).filter { $0.spec.hasPrefix("?") == false }
        == summaries(all))
  }

  @Test func `safetensors files become V2 and V1, and TensorFlow restores both`() throws {
    try #require(SafetensorsPackage.isInstalled)
    var random = SeededGenerator(seed: 21)
    var written: [NamedTensor] = []
    var tensors: [NamedTensor] = []
    for (dtype, name) in SafetensorsInteropTests.dtypes where !"\(dtype)".hasPrefix("float8") {
      for shape in [[], [0, 2], [3, 5]] as [TensorShape] {
        let item = NamedTensor(
          key: TensorKey("\(dtype.name)/\(shape)"), tensor: try random.tensor(dtype, shape))
        tensors.append(item)
        _ = name
        written.append(item)
      }
    }
    tensors.sort { $0.key < $1.key }
    var writer = try SafetensorsWriter(directory.path("m.safetensors"))
    for item in written { try writer.add(item.tensor, for: item.key) }
    try writer.finish()
    let source = directory.path("m.safetensors")
    #expect(try TensorFlow.shared.dump(convert(source, .v2)) == summaries(tensors))
    let v1 = try convert(source, .v1) { $0.omitsUnsupported = true }
    let held = Set(try CheckpointReader(v1).entries().map(\.key))
    let possible = tensors.filter { held.contains($0.key) }
    #expect(try TensorFlow.shared.readV1(possible, from: v1) == summaries(possible))
  }

  @Test(.enabled(if: SafetensorsPackage.isInstalled), arguments: v1 + v2)
  func `the safetensors package reads what is converted`(fixture: String) throws {
    let source = Self.fixture(fixture)
    let path = try convert(source, .safetensors) { $0.omitsUnsupported = true }
    let expected = try tensors(path)
    let package = try SafetensorsPackage.dump(path).tensors
    #expect(package.map(\.key) == expected.map(\.key))
    #expect(package.map(\.sha256) == expected.map { $0.tensor.sha256 })
    // And these are the source's tensors.
    let all = Dictionary(uniqueKeysWithValues: try tensors(source).map { ($0.key, $0.tensor) })
    for item in expected { #expect(item.tensor.sha256 == all[item.key]?.sha256, "\(item.key)") }
  }

  @Test(arguments: Structure.allCases)
  func `objects are restored by TensorFlow from what is converted`(structure: Structure) throws {
    let answer = try TensorFlow.shared.ask([
      "cmd": "build_objects", "structure": structure.rawValue,
      "prefix": directory.path("theirs/ckpt"),
    ])
    let theirs = try #require(answer["prefix"] as? String)
    // V1 has no form for some dtypes, as TensorFlow's own writer; then there is nothing to restore.
    var paths = [try convert(theirs, .v2)]
    if let v1 = try? convert(theirs, .v1) { paths += [v1, try convert(v1, .v2)] }
    for path in paths {
      _ = try TensorFlow.shared.ask([
        "cmd": "restore_objects", "structure": structure.rawValue, "prefix": path,
        "again": directory.path("again/ckpt"),
      ])
      let again = try directory.bytes("again/ckpt.data-00000-of-00001")
      let name = String(theirs.dropFirst(directory.path.utf8.count + 1))
      #expect(try again == directory.bytes(name + ".data-00000-of-00001"))
    }
  }

  @Test func `objects are restored by TensorFlow under new names`() throws {
    let answer = try TensorFlow.shared.ask([
      "cmd": "build_objects", "structure": "nested", "prefix": directory.path("theirs/ckpt"),
    ])
    let theirs = try #require(answer["prefix"] as? String)
    let renamed = try convert(theirs, .v2) {
      $0.mapping = [
        .replace("^(.*)/\\.ATTRIBUTES/VARIABLE_VALUE$", with: "x/$1/.ATTRIBUTES/VARIABLE_VALUE")
      ]
    }
    let keys = try CheckpointReader(renamed).entries().map(\.key.description)
    #expect(keys.contains { $0.hasPrefix("x/") })
    _ = try TensorFlow.shared.ask([
      "cmd": "restore_objects", "structure": "nested", "prefix": renamed,
      "again": directory.path("again/ckpt"),
    ])
  }
}
