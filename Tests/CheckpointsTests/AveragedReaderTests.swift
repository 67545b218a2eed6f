import CheckpointBundle
import CheckpointIO
import CheckpointTensors
import CheckpointTestSupport
@testable import Checkpoints
import Testing

/// Proves that an average is the number nearest to the mean, and the same in parts of any size as of whole
/// tensors.
@Suite struct AveragedReaderTests {
  private static let shapes: [TensorShape] = [
    [], [1], [7], [0, 4], [5, 3], [3, 5], [1, 1, 7], [2, 3, 4], [4, 1, 3], [2, 0, 2],
  ]

  @Test(arguments: [DType.float32, .float64, .bfloat16, .complex64])
  func `parts of any size make the same average`(dtype: DType) throws {
    let system = MemoryFileSystem()
    let readers = try (0..<3).map { try save(dtype, seed: UInt64($0), to: "/m\($0)", system) }
    let whole = AveragedReader(readers, last: readers[2], decay: 0.5)
    let width = try #require(dtype.byteWidth)
    let elementByteCount = 2 * width + (dtype == .complex64 ? 16 : 8)
    for count in 1...26 {
      let parts = AveragedReader(
        readers, last: readers[2], decay: 0.5, partByteCount: count * elementByteCount)
      for index in Self.shapes.indices {
        let key = TensorKey("t\(index)")
        let expected = try bytes(of: key, whole)
        #expect(try bytes(of: key, parts) == expected, "\(Self.shapes[index]) in \(count)")
        #expect(expected.count == width * Self.shapes[index].elementCount)
      }
    }
  }

  @Test(arguments: Array(shapes), 1...26)
  func `parts follow each other, and are no larger than they may be`(shape: TensorShape, limit: Int)
    throws
  {
    var count = 0
    let slices = TensorSpec(.float32, shape).parts(ofElements: limit)
    for slice in slices {
      let part = try slice.region(in: shape).shape.elementCount
      #expect(part <= limit || slices.count == 1 && shape.elementCount <= limit)
      count += part
    }
    #expect(count == shape.elementCount)
  }

  // The means are 563.25, 73.25, 7.25, 2.25 and 4622528.25: halfway between two numbers of the type.
  @Test(arguments: [
    (DType.float16, [1902, 1628, -454, -823] as [Double], 563.0),
    (.bfloat16, [147, 236, -225, 135], 73),
    (.float8E4M3FN, [15, 11, 0, 3], 7),
    (.float8E5M2, [4, 7, 2, -4], 2),
    (.float32, [14_203_660, 15_902_682, -4_069_268, -7_546_961], 4_622_528),
  ])
  func `a mean between two numbers goes to the even one`(
    dtype: DType, numbers: [Double], mean: Double
  ) throws {
    #expect(try average(numbers.map { [$0] }, dtype) == [mean])
    #expect(try average(numbers.map { [-$0] }, dtype) == [-mean])
  }

  @Test func `so do both parts of complex numbers`() throws {
    let numbers: [Double] = [14_203_660, 15_902_682, -4_069_268, -7_546_961]
    let mean = try average(numbers.map { [$0, -$0] }, .complex64)
    #expect(mean == [4_622_528, -4_622_528])
  }

  @Test func `means of integers are those that integers give`() throws {
    var random = SeededGenerator(seed: 5)
    let checkpoints = (0..<4).map { _ in
      (0..<4000).map { _ in Double(Int.random(in: -2047...2047, using: &random)) }
    }
    let found = try average(checkpoints, .float16)
    for index in found.indices {
      let quarters = checkpoints.reduce(0) { $0 + Int($1[index]) }
      let expected = Double(quarters.signum() * Self.rounded(abs(quarters))) / 4
      #expect(found[index] == expected, "\(checkpoints.map { $0[index] })")
    }
  }

  // An integer to 11 bits, which a float16 has; a tie goes to the even one.
  private static func rounded(_ number: Int) -> Int {
    var spacing = 1
    while number / spacing >= 1 << 11 { spacing *= 2 }
    let (quotient, rest) = number.quotientAndRemainder(dividingBy: spacing)
    let isUp = 2 * rest > spacing || 2 * rest == spacing && quotient % 2 == 1
    return (quotient + (isUp ? 1 : 0)) * spacing
  }

  @Test func `weights count before anything is rounded`() throws {
    // -510 / 8 - 1203 / 4 + 1167 / 2 - 219 is 0.
    let numbers: [[Double]] = [[-510], [-1203], [1167], [-219]]
    #expect(try average(numbers, .float32, decay: 0.5) == [0])
  }

  @Test func `the largest numbers have a mean, and the same ones are their own`() throws {
    let largest = Double.greatestFiniteMagnitude
    let same = [largest, -largest, 0.1, .leastNonzeroMagnitude]
    #expect(try average([same, same, same], .float64) == same)
    #expect(try average([same, same, same], .float64, decay: 0.9) == same)
    #expect(try average([same, same, same], .complex128) == same)
    #expect(try average([[largest], [-largest]], .float64) == [0])
    let float = Double(Float.greatestFiniteMagnitude)
    #expect(
      try average([[float, -float], [float, -float], [float, -float]], .float32) == [float, -float])
    #expect(try average([[448], [448], [448]], .float8E4M3FN, decay: 0.9) == [448])
  }

  @Test(arguments: [DType.float16, .float32, .float64])
  func `infinite numbers have an infinite mean, or none`(dtype: DType) throws {
    let first: [Double] = [1, .infinity, .infinity, 1, -0.0]
    let second: [Double] = [.infinity, .infinity, -.infinity, .nan, -0.0]
    let found = try average([first, second, second], dtype)
    #expect(Array(found[..<2]) == [.infinity, .infinity])
    #expect(found[2].isNaN && found[3].isNaN)
    #expect(found[4] == 0 && found[4].sign == .minus)
  }

  // The average of checkpoints with these numbers, of complex ones the parts in turn.
  private func average(_ checkpoints: [[Double]], _ dtype: DType, decay: Double = 1) throws
    -> [Double]
  {
    let encoder = try #require(ElementEncoder(dtype))
    let decoder = try #require(ElementDecoder(dtype))
    let readers = try checkpoints.enumerated().map { number, numbers in
      var bytes = ByteWriter(capacity: 8 * numbers.count)
      encoder.append(numbers.span, to: &bytes)
      let count = numbers.count / (dtype.isComplex ? 2 : 1)
      let spec = TensorSpec(dtype, [count])
      let tensor = try unsafe AnyTensor(spec, littleEndian: bytes.bytes.span.bytes)
      return try save([("w", tensor)], to: "/m\(number)", MemoryFileSystem())
    }
    let reader = AveragedReader(readers, last: readers[readers.count - 1], decay: decay)
    let bytes = try bytes(of: "w", reader)
    var found: [Double] = []
    unsafe decoder.forEachBlock(of: bytes.span.bytes) { block in
      for index in block.indices { found.append(block[index]) }
    }
    return found
  }

  private func save(_ dtype: DType, seed: UInt64, to prefix: String, _ system: MemoryFileSystem)
    throws -> any TensorReader
  {
    var random = SeededGenerator(seed: seed)
    var tensors: [(String, AnyTensor)] = []
    for (index, shape) in Self.shapes.enumerated() {
      let spec = TensorSpec(dtype, shape)
      var bytes: [UInt8] = []
      let width = dtype == .complex64 ? 4 : dtype.byteWidth ?? 1
      for _ in 0..<((spec.byteCount ?? 0) / width) {
        // Exponents of numbers that are finite: the largest bytes are those of 1 to 2.
        bytes += (0..<(width - 2)).map { _ in UInt8.random(in: 0...255, using: &random) }
        bytes += [UInt8.random(in: 0x80...0xBF, using: &random), 0x3F]
      }
      let tensor = try unsafe AnyTensor(spec, littleEndian: bytes.span.bytes)
      tensors.append(("t\(index)", tensor))
    }
    return try save(tensors, to: prefix, system)
  }

  private func save(
    _ tensors: [(String, AnyTensor)], to prefix: String, _ system: MemoryFileSystem
  ) throws -> any TensorReader {
    var options = FileOptions()
    options.fileSystem = system
    var writer = try BundleWriter(prefix: prefix, options: options)
    for (name, tensor) in tensors { try writer.add(tensor, for: TensorKey(name)) }
    try writer.finish()
    return try BundleReader(prefix: prefix, fileSystem: system)
  }

  private func bytes(of key: TensorKey, _ reader: AveragedReader) throws -> [UInt8] {
    var bytes: [UInt8] = []
    try reader.forEachLittleEndianPiece(of: key) { piece in
      for offset in 0..<piece.byteCount { bytes.append(piece.byte(at: offset)) }
    }
    return bytes
  }
}
