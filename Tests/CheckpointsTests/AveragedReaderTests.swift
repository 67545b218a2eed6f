import CheckpointBundle
import CheckpointIO
import CheckpointTensors
import CheckpointTestSupport
@testable import Checkpoints
import Testing

/// Proves that an average is the same in parts of any size as of whole tensors.
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

  private func save(_ dtype: DType, seed: UInt64, to prefix: String, _ system: MemoryFileSystem)
    throws -> any TensorReader
  {
    var random = SeededGenerator(seed: seed)
    var options = FileOptions()
    options.fileSystem = system
    var writer = try BundleWriter(prefix: prefix, options: options)
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
      try writer.add(tensor, for: TensorKey("t\(index)"))
    }
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
