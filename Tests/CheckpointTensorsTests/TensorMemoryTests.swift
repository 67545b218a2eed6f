import CheckpointIO
import CheckpointTensors
import CheckpointTestSupport
import Foundation
import Testing

@Suite struct TensorMemoryTests {
  private func memory(_ sizes: [Int]) throws -> [TensorStorage] {
    var memory = TensorMemory(capacity: sizes.count)
    for size in sizes { try memory.add(size) }
    return memory.finish()
  }

  // More than any address space has.
  @Test func `says so if the system has not so much memory`() throws {
    let count = 1 << 60
    let expected = "the system has no memory for a tensor of \(count) bytes; "
    var memory = TensorMemory(capacity: 1)
    let error = #expect(throws: CheckpointError.self) { try memory.add(count) }
    #expect(error?.code == .io && error?.systemError == ENOMEM)
    #expect(error?.message.hasPrefix(expected) == true, "\(error?.message ?? "")")
    let tensor = #expect(throws: CheckpointError.self) {
      try AnyTensor(TensorSpec(.uint8, [count])) { _ in Issue.record("there is memory") }
    }
    #expect(tensor?.systemError == ENOMEM)
    #expect(throws: CheckpointError.self) { try TensorJoin(TensorSpec(.uint8, [count])) }
  }

  private func address(_ storage: TensorStorage) -> UInt {
    unsafe storage.bytes.withUnsafeBytes { UInt(bitPattern: $0.baseAddress) }
  }

  // The first bytes and the last ones, and some between: neighbours would meet there.
  private func places(_ count: Int) -> [Int] {
    Array(0..<min(64, count)) + stride(from: 64, to: count, by: 997)
      + (max(64, count - 64)..<max(64, count))
  }

  // Sizes around those at which a tensor gets memory of its own, and at which a block is full.
  private static let sizes = [0, 1, 63, 64, 65, 256, 4095, 4096, 4097, 65_536, 100_000]

  @Test func `gives each tensor aligned bytes of its own`() throws {
    for seed in 0..<50 as Range<UInt64> {
      var random = SeededGenerator(seed: seed)
      let sizes = (0..<300).map { _ in Self.sizes.randomElement(using: &random) ?? 0 }
      let memory = try memory(sizes)
      #expect(memory.map(\.byteCount) == sizes)
      for (number, storage) in memory.enumerated() where storage.byteCount > 0 {
        #expect(address(storage) % 64 == 0)
        try storage.withMutableBytes { bytes in
          for place in places(bytes.byteCount) {
            bytes.storeBytes(
              of: UInt8(truncatingIfNeeded: number), toByteOffset: place, as: UInt8.self)
          }
        }
      }
      // What was written to one is not in another.
      for (number, storage) in memory.enumerated() {
        let bytes = storage.bytes
        #expect(
          places(bytes.byteCount).allSatisfy {
            bytes.byte(at: $0) == UInt8(truncatingIfNeeded: number)
          })
      }
    }
  }

  @Test func `shares blocks among small tensors only, and gives them back with the last`() throws {
    var small: [TensorStorage]? = try memory([256, 256, 4096])
    let addresses = (small ?? []).map(address)
    #expect(addresses[1] - addresses[0] == 256 && addresses[2] - addresses[0] == 512)
    let last = small?[2]
    small = nil
    #expect(last?.byteCount == 4096, "it lives on without the others")
    weak let alone = try memory([4097, 256]).first
    #expect(alone == nil, "nobody else keeps a large tensor's memory")
  }

  @Test func `lets a tensor that has part of a block change without a copy`() throws {
    var storages = try memory([8, 8])
    let first = try AnyTensor(TensorSpec(.float32, [2]), .bytes(storages.removeFirst()))
    var tensor = try Tensor<Float>(first)
    let neighbour = storages[0]
    try neighbour.withMutableBytes { $0.storeBytes(of: 7, toByteOffset: 0, as: UInt64.self) }
    let copy = tensor
    tensor[0] = 1
    tensor[1] = 2
    #expect(tensor.array == [1, 2])
    _ = copy
    let bytes = neighbour.bytes
    #expect(bytes.byte(at: 0) == 7 && (1..<8).allSatisfy { bytes.byte(at: $0) == 0 })
  }
}
