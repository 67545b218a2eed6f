import CheckpointBundle
import CheckpointTensors
import CheckpointTestSupport
import Testing

@testable import CheckpointStore

@Suite struct TensorStatisticsTests {
  private func statistics(_ tensor: AnyTensor) throws -> TensorStatistics {
    let directory = try TemporaryDirectory("statistics")
    var writer = try BundleWriter(prefix: directory.path("m"))
    try writer.add(tensor, for: "t")
    try writer.finish()
    let reader = try BundleReader(prefix: directory.path("m"))
    return try TensorStatistics(of: reader.requiredEntry(for: "t"), in: reader)
  }

  private func statistics(of numbers: [Double]) throws -> TensorStatistics {
    try statistics(AnyTensor(Tensor<Double>(numbers)))
  }

  @Test func `no element has no values`() throws {
    let none = try statistics(of: [])
    #expect(none.elementCount == 0)
    #expect(none.values == nil)
    let odd = try statistics(of: [.nan, .infinity, -.infinity])
    #expect(odd.values == nil)
    #expect((odd.nanCount, odd.infiniteCount) == (1, 2))
  }

  @Test func `a scalar is all there is`() throws {
    let values = try #require(statistics(AnyTensor(Tensor<Float>(-2.5))).values)
    #expect((values.minimum, values.maximum, values.mean) == (-2.5, -2.5, -2.5))
    #expect(values.standardDeviation == 0)
    #expect(values.histogram.reduce(0, +) == 1)
  }

  // What a naive sum of squares gets wrong: numpy says 0.5 and so on.
  @Test(
    arguments: [
      ([1e9, 1e9 + 1, 1e9, 1e9 + 1], 1e9 + 0.5, 0.5), ([1e15, 1e15 + 1], 1e15 + 0.5, 0.5),
      ([1e300, -1e300], 0, 1e300), ([1e-300, 3e-300], 2e-300, 1e-300),
      ([.greatestFiniteMagnitude, -.greatestFiniteMagnitude], 0, .greatestFiniteMagnitude),
      ([.greatestFiniteMagnitude, .greatestFiniteMagnitude], .greatestFiniteMagnitude, 0),
      ([0, 0, 0, 4], 1, 3.0.squareRoot()), ([-0.0, 0], 0, 0),
      ([.leastNonzeroMagnitude, .leastNonzeroMagnitude], .leastNonzeroMagnitude, 0),
    ] as [([Double], Double, Double)])
  func `mean and deviation are right where squares and sums are not`(
    numbers: [Double], mean: Double, deviation: Double
  ) throws {
    let values = try #require(statistics(of: numbers).values)
    #expect(values.mean == mean)
    #expect(abs(values.standardDeviation - deviation) <= deviation * 1e-15)
    #expect(values.histogram.reduce(0, +) == numbers.count)
  }

  @Test func `the smallest numbers have bins of their own`() throws {
    let least = Double.leastNonzeroMagnitude
    let values = try #require(statistics(of: [0, least, 2 * least]).values)
    #expect(
      values.histogram == [1] + Array(repeating: 0, count: 7) + [1] + Array(repeating: 0, count: 6)
        + [1])
  }

  @Test func `a model of all numbers agrees`() throws {
    for seed in 0..<50 as Range<UInt64> {
      var rng = SeededGenerator(seed: seed)
      let scale = Double(
        sign: .plus, exponent: Int.random(in: -900...900, using: &rng), significand: 1)
      let offset = Double.random(in: -1e6...1e6, using: &rng)
      let count = Int.random(in: 2...20_000, using: &rng)
      let numbers = (0..<count).map { _ in (offset + .random(in: -1...1, using: &rng)) * scale }
      let values = try #require(statistics(of: numbers).values)
      // The distances from the first number are exact enough: numbers lie near each other.
      let distances = numbers.map { ($0 - numbers[0]) / scale }
      let mean = distances.reduce(0, +) / Double(count)
      let variance = distances.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(count)
      #expect(values.minimum == numbers.min(), "seed \(seed)")
      #expect(values.maximum == numbers.max(), "seed \(seed)")
      let expected = numbers[0] + mean * scale
      #expect(abs(values.mean - expected) <= expected.ulp * 4, "seed \(seed)")
      let found = values.standardDeviation / scale
      #expect(abs(found - variance.squareRoot()) < 1e-9, "seed \(seed)")
      #expect(values.histogram.reduce(0, +) == count, "seed \(seed)")
    }
  }

  @Test func `complex numbers count by their magnitudes`() throws {
    let tensor = Tensor<Complex64>([
      Complex64(3, 4), Complex64(0, 0), Complex64(.nan, 1), Complex64(0, .infinity),
    ])
    let found = try statistics(AnyTensor(tensor))
    #expect((found.zeroCount, found.nanCount, found.infiniteCount) == (1, 1, 1))
    #expect((found.values?.minimum, found.values?.maximum) == (0, 5))
    #expect(found.values?.mean == 2.5)
  }

  @Test func `integers of 64 bits keep their last digits`() throws {
    let signed = try statistics(AnyTensor(Tensor<Int64>([.min, .max, 0])))
    #expect(signed.values?.integers?.minimum == Int128(Int64.min))
    #expect(signed.values?.integers?.maximum == Int128(Int64.max))
    let unsigned = try statistics(AnyTensor(Tensor<UInt64>([.max, 1])))
    #expect(unsigned.values?.integers?.maximum == Int128(UInt64.max))
    #expect(unsigned.values?.integers?.minimum == 1)
  }

  @Test(
    arguments: [
      (DType.int4, [0x07, 0xF8, 0x0F], -8, 7), (.uint4, [0x0F, 0xF1, 2], 1, 15),
      (.int2, [1, 2, 3], -2, 1), (.uint2, [1, 2, 3], 1, 3), (.qint8, [0x80, 0x7F, 0], -128, 127),
      (.quint8, [0xFF, 1, 2], 1, 255), (.bool, [0, 1, 1], 0, 1),
      (.float8E4M3FN, [0x7E, 0xFE, 0x7F], -448, 448),
      (.float4E2M1FN, [7, 0x0F, 0], -6, 6),
    ] as [(DType, [UInt8], Double, Double)])
  func `types of a byte have their range`(dtype: DType, bytes: [UInt8], least: Double, most: Double)
    throws
  {
    let tensor = unsafe try AnyTensor(TensorSpec(dtype, [3]), bytes: bytes.span.bytes)
    let values = try #require(statistics(tensor).values)
    #expect((values.minimum, values.maximum) == (least, most))
  }
}
