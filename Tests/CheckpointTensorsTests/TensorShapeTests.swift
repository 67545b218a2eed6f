import CheckpointIO
import CheckpointTensors
import Testing

@Suite struct TensorShapeTests {
  // Up to four dimensions of 32 bits are kept in another way than more and larger ones.
  private static let shapes: [[Int]] = [
    [], [0], [1], [7, 1], [1, 7], [2, 3, 4], [2, 3, 4, 5], [2, 3, 4, 5, 6], [1 << 32],
    [(1 << 32) - 1, 2], [0, 1 << 40, 3], [1, 1, 1, 1 << 33], [1, 1, 1, 1, 1 << 33],
    Array(repeating: 1, count: 254), [1, 1, 1, 1], [1, 1, 1, 1, 1],
  ]

  @Test func `gives out the dimensions that it was made of`() throws {
    for dimensions in Self.shapes {
      let shape = TensorShape(dimensions)
      #expect(shape.dimensions == dimensions)
      #expect(shape.rank == dimensions.count)
      #expect(shape.elementCount == dimensions.reduce(1, *))
      #expect(dimensions.indices.map { shape[$0] } == dimensions)
      #expect(try TensorShape(stored: dimensions) == shape)
      #expect(shape.description == "\(dimensions)")
    }
  }

  @Test func `is equal to shapes of the same dimensions only`() {
    for (i, left) in Self.shapes.enumerated() {
      for (j, right) in Self.shapes.enumerated() {
        #expect((TensorShape(left) == TensorShape(right)) == (i == j), "\(left) \(right)")
      }
    }
    #expect(Set(Self.shapes.map { TensorShape($0) }).count == Self.shapes.count)
    #expect(
      TensorShape([6, 1]) != TensorShape([1, 6]), "as many elements, and as many dimensions")
  }

  @Test func `refuses what no tensor can have`() {
    let shapes: [([Int], String)] = [
      ([-1], "[-1]"),
      ([2, -1], "[2, -1]"),
      ([1 << 40, 1 << 40], "[1099511627776, 1099511627776]"),
      ([1 << 40, 1 << 40, 0], "[1099511627776, 1099511627776]"),
      (Array(repeating: 1, count: 255), "[1, 1, 1, 1, 1, 1, 1, 1, … 255 dimensions]"),
    ]
    for (dimensions, shown) in shapes {
      let error = #expect(throws: CheckpointError.self) { try TensorShape(stored: dimensions) }
      #expect(error?.description == "no tensor can have the shape \(shown) (corrupt)")
    }
  }
}
