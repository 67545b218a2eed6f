import CheckpointBundle
import CheckpointIO
import CheckpointTensors
import CheckpointTestSupport
import CheckpointWire
import Foundation
import Testing

/// Proves that tensors which all cores share are written and read like small ones.
@Suite struct LargeTensorTests {
  // Below and above what is gathered, what a core takes at a time, and what the disk is given at once.
  static let counts = [
    (256 << 10) - 1, 256 << 10, (1 << 20) + 1, (2 << 20) - 5, (4 << 20) + 3, (32 << 20) + 7,
  ]

  private static var options: FileOptions {
    var options = FileOptions()
    options.durability = .none
    return options
  }

  private let directory: TemporaryDirectory
  private let prefix: String

  init() throws {
    directory = try TemporaryDirectory()
    prefix = directory.path("m")
  }

  // Bytes that differ from place to place, made and compared without a look at each: they are many.
  private func tensor(_ count: Int) -> Data {
    let pattern = Data((0..<4099).map { UInt8(truncatingIfNeeded: $0 * 31 + $0 >> 8) })
    var data = Data(capacity: count + pattern.count)
    while data.count < count { data.append(pattern) }
    return data.prefix(count)
  }

  private func any(_ data: Data) throws -> AnyTensor {
    try unsafe data.withUnsafeBytes { bytes in
      try AnyTensor(TensorSpec(.uint8, [data.count]), bytes: unsafe RawSpan(_unsafeBytes: bytes))
    }
  }

  private func data(_ tensor: AnyTensor) throws -> Data {
    try tensor.withTensorBytes { bytes throws(CheckpointError) in
      unsafe bytes.withUnsafeBytes { unsafe Data($0) }
    }
  }

  private func write(_ tensors: [(TensorKey, Data)]) throws {
    var writer = try BundleWriter(prefix: prefix, options: Self.options)
    for (key, data) in tensors { try writer.add(any(data), for: key) }
    try writer.finish()
  }

  private var dataFile: URL { URL(fileURLWithPath: prefix + ".data-00000-of-00001") }

  @Test func `writes the bytes as they are, with their checksums`() throws {
    let tensors = Self.counts.map { (TensorKey("\($0)"), tensor($0)) }
    try write(tensors)
    #expect(try Data(contentsOf: dataFile) == tensors.reduce(into: Data()) { $0.append($1.1) })
    let reader = try BundleReader(prefix: prefix)
    #expect(BundleVerifier(reader).verify().problems.count == 0)
    let requests = tensors.reversed().map { TensorRequest($0.0) }
    let read = try reader.tensors(for: requests)
    for (read, (key, expected)) in zip(read, tensors.reversed()) {
      #expect(try data(read) == expected)
      #expect(try data(reader.tensor(for: key)) == expected)
    }
  }

  @Test func `finds damage wherever it is`() throws {
    let count = (5 << 20) + 11
    try write([("w", tensor(count)), ("x", tensor(100))])
    for position in [0, (1 << 20) - 1, 1 << 20, (4 << 20) + 5, count - 1] {
      try flip(position)
      let reader = try BundleReader(prefix: prefix)
      expectDamage("\(position)") { _ = try reader.tensor(for: "w") }
      expectDamage("\(position)") {
        _ = try reader.tensors(for: [TensorRequest("x"), TensorRequest("w")])
      }
      expectDamage("\(position)") {
        _ = try reader.mappedTensors(for: [TensorRequest("w")], isChecked: true)
      }
      #expect(try data(reader.tensor(for: "x")) == tensor(100))
      try flip(position)
    }
  }

  private func flip(_ position: Int) throws {
    let file = try FileHandle(forUpdating: dataFile)
    try file.seek(toOffset: UInt64(position))
    let byte = try #require(try file.read(upToCount: 1)?.first)
    try file.seek(toOffset: UInt64(position))
    try file.write(contentsOf: [byte ^ 0x10])
    try file.close()
  }

  private func expectDamage(_ what: String, _ read: () throws -> Void) {
    let error = #expect(throws: CheckpointError.self, "\(what)") { try read() }
    #expect(error?.code == .corrupt && error?.key == "w" && error?.offset == 0, "\(what)")
    #expect(error?.message.contains("checksum") == true)
  }

  @Test func `keeps few of many data files open`() throws {
    var writer = try BundleWriter(
      prefix: prefix, shardByteCounts: Array(repeating: 1, count: 200), options: Self.options)
    for shard in 0..<200 {
      let tensor = Tensor<UInt8>([UInt8(shard)])
      try writer.add(tensor, for: TensorKey("\(shard)"), part: nil, shard: shard)
    }
    try writer.finish()
    let reader = try BundleReader(prefix: prefix)
    let requests = (0..<200).map { TensorRequest(TensorKey("\($0)")) }
    for _ in 0..<2 {
      let values = try reader.tensors(for: requests).map { try Tensor<UInt8>($0).array }
      #expect(values == (0..<200).map { [UInt8($0)] })
      #expect(openFiles().filter { $0.hasPrefix(prefix + ".data") }.count <= 128)
    }
  }

  private func openFiles() -> [String] {
    let folder = "/proc/self/fd"
    let numbers = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return numbers.compactMap {
      try? FileManager.default.destinationOfSymbolicLink(atPath: "\(folder)/\($0)")
    }
  }
}
