import CheckpointIO
import CheckpointTensors
import CheckpointTestSupport
import Testing

@Suite struct SliceTests {
  @Test(arguments: [
    ("4 3 0,2:-", [4, 3], "0,2:-"), ("5 3 0,3:0,3", [5, 3], "0,3:0,3"), ("7 -", [7], "-"),
    ("4 +0,2", [4], "0,2"), ("4 3 0,2:::-", [4, 3], "0,2:-"), ("4 00,02", [4], "0,2"),
  ])
  func `parses TensorFlow's text form`(text: String, shape: [Int], slice: String) throws {
    let spec = try TensorSlice.Part(text)
    #expect(spec.fullShape.dimensions == shape)
    #expect(spec.slice.description == slice)
  }

  @Test(arguments: [
    "", " ", "4", "-", "4  0,2", "4 3 0,2", "4 5,2", "4 3,2", "4 -1,2", "4 0,0", "x 0,2", "-4 0,2",
    "4 0", "4 0,2,3", "4 0,9223372036854775807", "99999999999999999999 -",
    "4 9223372036854775807,1", "9223372036854775807 3 -:-",
  ])
  func `refuses other texts`(text: String) {
    let error = #expect(throws: CheckpointError.self) { try TensorSlice.Part(text) }
    #expect(error?.code == .invalidArgument)
  }

  @Test func `finds the one pair that overlaps`() throws {
    let shape: TensorShape = [4, 4]
    let quarters = try ["0,2:0,2", "0,2:2,2", "2,2:0,2", "2,2:2,2"].map {
      try TensorSlice.Part("4 4 \($0)").slice
    }
    #expect(try StoredParts(quarters, of: shape).elementCount == 16)
    let error = #expect(throws: CheckpointError.self) {
      try StoredParts(quarters + [try TensorSlice.Part("4 4 1,1:3,1").slice], of: shape)
    }
    #expect(error?.message == "the slices 0,2:2,2 and 1,1:3,1 overlap")
  }

  // Each begins before the one before it ends, and none has an element of another.
  @Test(.timeLimit(.minutes(20))) func `parts side by side are compared up to a limit`() throws {
    func parts(_ count: Int) throws(CheckpointError) {
      let slices = (0..<count).map { number in
        let places = [number % 64, number / 64].map {
          TensorSlice.Extent.range(start: $0, length: 1)
        }
        return TensorSlice([.range(start: number, length: count - number)] + places)
      }
      _ = try StoredParts(slices, of: TensorShape([count, 64, 64]))
    }
    try parts(64)
    let error = #expect(throws: CheckpointError.self) { try parts(2_900) }
    #expect(
      error?.description == "too many slices lie side by side to be compared (limitExceeded)")
  }

  @Test func `finds the parts that have elements of a region`() throws {
    let slices = try ["0,2:-", "2,1:-", "3,1:0,2"].map { try TensorSlice.Part("4 4 \($0)").slice }
    let stored = try StoredParts(listed: slices, of: [4, 4])
    let rows = TensorRegion(starts: [1, 0], shape: [2, 4])
    let parts = try stored.covering(rows)
    #expect(parts.map(\.index) == [0, 1])
    #expect(parts.map(\.wanted.starts) == [[1, 0], [2, 0]])
    #expect(stored.gap == "its slices have 14 of 16 elements; the others were never saved")
    let error = #expect(throws: CheckpointError.self) {
      try stored.covering(TensorRegion(all: [4, 4]), absence: "ask the others")
    }
    #expect(
      error?.description
        == "only 14 of the 16 elements asked for are stored, in 3 slices; ask the others (notFound)"
    )
  }

  @Test func `a list of parts that overlap is damage in a file, a mismatch elsewhere`() throws {
    let slices = try ["0,2:-", "1,1:-"].map { try TensorSlice.Part("2 4 \($0)").slice }
    let listed = #expect(throws: CheckpointError.self) {
      try StoredParts(listed: slices, of: [2, 4])
    }
    let given = #expect(throws: CheckpointError.self) { try StoredParts(slices, of: [2, 4]) }
    #expect((listed?.code, given?.code) == (.corrupt, .mismatch))
  }

  @Test func `an empty tensor has a part like any other`() throws {
    let whole = TensorSpec(.float32, [0, 3])
    let wanted = try WantedRegion(of: whole, slice: nil, in: [.all(rank: 2)])
    #expect(wanted.parts.map(\.index) == [0])
    #expect(try WantedRegion(of: whole, slice: nil).parts.map(\.index) == [0])
  }

  // The model: every element of the region, looked up on both sides by its index.
  @Test func `runs copy exactly the elements of a region`() {
    for seed in 0..<500 as Range<UInt64> {
      var random = SeededGenerator(seed: seed)
      let rank = Int.random(in: 0...4, using: &random)
      let source = random.region(rank)
      let target = random.region(rank)
      guard let common = source.intersection(target) else { continue }
      var copied: [Int: Int] = [:]
      var last = -1
      for run in ElementRuns(of: common, from: source, to: target) {
        #expect(run.source > last, "seed \(seed)")
        last = run.source
        for index in 0..<run.count { copied[run.source + index] = run.target + index }
      }
      #expect(copied == model(common, source, target), "seed \(seed)")
    }
  }

  private func model(_ common: TensorRegion, _ source: TensorRegion, _ target: TensorRegion)
    -> [Int: Int]
  {
    var pairs: [Int: Int] = [:]
    for number in 0..<common.shape.elementCount {
      var rest = number
      var (from, to) = (0, 0)
      var (fromStride, toStride) = (1, 1)
      for axis in common.starts.indices.reversed() {
        let index = common.starts[axis] + rest % common.shape.dimensions[axis]
        rest /= common.shape.dimensions[axis]
        from += (index - source.starts[axis]) * fromStride
        to += (index - target.starts[axis]) * toStride
        fromStride *= source.shape.dimensions[axis]
        toStride *= target.shape.dimensions[axis]
      }
      pairs[from] = to
    }
    return pairs
  }
}

extension SeededGenerator {
  fileprivate mutating func region(_ rank: Int) -> TensorRegion {
    let starts = (0..<rank).map { _ in Int.random(in: 0...2, using: &self) }
    let lengths = (0..<rank).map { _ in Int.random(in: 1...4, using: &self) }
    return TensorRegion(starts: starts, shape: TensorShape(lengths))
  }
}
