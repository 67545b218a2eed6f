import CheckpointIO
import CheckpointTensors
import CheckpointTestSupport
import Testing

@testable import CheckpointBundle

/// Tensors that are asked for together, against what they are one by one.
@Suite struct BundleBatchTests {
  private let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  // Whole tensors of all sizes, strings, an empty one, and one in parts, over two data files.
  private func reader() throws -> BundleReader {
    let prefix = directory.path("ckpt")
    var options = FileOptions()
    options.durability = .none
    var writer = try BundleWriter(prefix: prefix, shardByteCounts: [0, 0], options: options)
    for number in 0..<40 {
      let values = (0..<(number * 97)).map { Int32($0 + number) }
      try writer.add(Tensor(values), for: TensorKey("n\(number)"), part: nil, shard: number % 2)
    }
    try writer.add(Tensor(["a", "é"]), for: "strings", part: nil, shard: 1)
    try writer.add(Tensor<Int8>([1, 2]), for: "parts", part: TensorSlice.Part("4 0,2"), shard: 0)
    try writer.add(Tensor<Int8>([3, 4]), for: "parts", part: TensorSlice.Part("4 2,2"), shard: 1)
    try writer.finish()
    return try BundleReader(prefix: prefix)
  }

  private var requests: [TensorRequest] {
    (0..<40).map { TensorRequest(TensorKey("n\($0)")) }
      + [TensorRequest("strings"), TensorRequest("parts"), TensorRequest("n3")]
      + [TensorRequest("n7", slice: TensorSlice([.range(start: 5, length: 6)]))]
  }

  private func single(_ request: TensorRequest, _ reader: BundleReader) throws -> AnyTensor {
    try reader.tensor(for: request.key, slice: request.slice)
  }

  @Test func `reads in any order what each tensor is, repeated ones too`() throws {
    let reader = try reader()
    for seed in 0..<20 as Range<UInt64> {
      var random = SeededGenerator(seed: seed)
      let wanted = requests.shuffled(using: &random)
      let batch = try reader.batch(of: wanted)
      let expected = try wanted.map { try single($0, reader) }
      #expect(try batch.tensors() == expected)
      #expect(try batch.mappedTensors(isChecked: true) == expected)
      var offered: [Int: AnyTensor] = [:]
      try batch.forEachTensor { position, source throws(CheckpointError) in
        offered[position] = try source.tensor()
      }
      #expect(wanted.indices.map { offered[$0] } == expected)
      #expect(try batch.entries() == wanted.map { try reader.entry(for: $0.key) })
      for (position, request) in wanted.enumerated() {
        let entry = try reader.entry(for: request.key)
        #expect(batch.spec(at: position) == entry?.spec)
        #expect(batch.slices(at: position) == entry?.slices)
      }
    }
  }

  @Test func `selects some of the tensors`() throws {
    let reader = try reader()
    let batch = try reader.batch(of: requests)
    let positions = [41, 3, 3, 0, 43]
    let expected = try positions.map { try single(requests[$0], reader) }
    #expect(try batch.selecting(positions).tensors() == expected)
    #expect(try batch.selecting([]).tensors().isEmpty)
  }

  @Test func `knows what is not there, and says so when it is read`() throws {
    let reader = try reader()
    let keys: [TensorKey] = ["", "a", "n1", "n1/", "parts\u{0}", "zzz"]
    let batch = try reader.batch(of: keys.map { TensorRequest($0) })
    #expect(
      keys.indices.map { batch.spec(at: $0) != nil } == [false, false, true, false, false, false])
    #expect(try batch.entries().map { $0 != nil } == [false, false, true, false, false, false])
    let error = #expect(throws: CheckpointError.self) { try batch.tensors() }
    #expect(error?.code == .notFound)
    #expect(try reader.batch(of: []).tensors().isEmpty)
  }
}
