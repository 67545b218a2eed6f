import CheckpointTensors
import CheckpointTestSupport
import CheckpointWire
import Testing

/// Keys of slices, taken apart again.
@Suite struct SliceKeyTests {
  @Test func `takes apart what it has put together`() {
    for seed in 0..<2_000 as Range<UInt64> {
      var rng = SeededGenerator(seed: seed)
      let name = TensorKey(
        bytes: (0..<Int.random(in: 0...6, using: &rng)).map { _ in
          [0, 1, 0x61, 0xFE, 0xFF].randomElement(using: &rng) ?? 0
        })
      let extents = (0..<Int.random(in: 0...4, using: &rng)).map { _ -> TensorSlice.Extent in
        guard Bool.random(using: &rng) else { return .full }
        let start = Int.random(in: 0..<(1 << Int.random(in: 0...62, using: &rng)), using: &rng)
        let length = Int.random(in: 1...(1 << Int.random(in: 0...62, using: &rng)), using: &rng)
        return .range(start: start, length: length)
      }
      let slice = TensorSlice(extents + [.range(start: 0, length: .max)])
      let parts = name.sliceKey(slice).asSliceKey
      #expect(parts?.name == name && parts?.slice == slice, "seed \(seed)")
    }
  }

  @Test(
    arguments: [
      [], [0], [0x61], [0, 0x77], [0, 0x77, 0, 1], [0, 0x77, 0, 1, 1, 2, 0x80],
      [0, 0x77, 0, 2, 0], [0, 0x77, 0xFF, 1, 0], [0, 0x77, 0, 1, 2, 0, 1, 0x80, 0x7F],
      [0, 0x77, 0, 1, 9], [0, 0x77, 0, 1, 1, 255], [0, 0x77, 0, 1, 1, 1, 0x80, 0x82, 0],
      [1, 0, 0x77, 0, 1, 0], [0, 0x77, 0, 1, 1, 1, 0xFF, 0xFF, 0, 0, 0, 0, 0, 0, 0, 0, 0x80],
    ] as [[UInt8]])
  func `takes nothing else for the key of a slice`(bytes: [UInt8]) {
    #expect(TensorKey(bytes: bytes).asSliceKey == nil)
  }
}
