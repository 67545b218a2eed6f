import CheckpointStore
import CheckpointIO
import CheckpointBundle
import CheckpointTensors
import CheckpointTestSupport
import Checkpoints
import Testing

/// Proves which tensors are the same, and how far others are apart.
@Suite struct ComparisonTests {
  private let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory("comparison") }

  private func reader(_ name: String, _ tensors: [(TensorKey, AnyTensor)]) throws
    -> CheckpointReader
  {
    var writer = try BundleWriter(prefix: directory.path(name))
    for (key, tensor) in tensors { try writer.add(tensor, for: key) }
    try writer.finish()
    return try CheckpointReader(directory.path(name))
  }

  private func kinds(_ first: AnyTensor, _ second: AnyTensor, tolerance: Double = 0) throws
    -> [CheckpointReader.Comparison.Difference.Kind]
  {
    let comparison = try CheckpointReader.Comparison(
      reader("one", [("x", first)]), reader("two", [("x", second)]), tolerance: tolerance)
    #expect(comparison.equalCount == 1 - comparison.differences.count)
    return comparison.differences.map(\.kind)
  }

  @Test func `lists what only one has, and what is of another type or shape`() throws {
    let one = AnyTensor(Tensor<Float>([1]))
    let comparison = try CheckpointReader.Comparison(
      reader("one", [("a", one), ("b", one), ("d", one)]),
      reader("two", [("b", AnyTensor(Tensor<Double>([1]))), ("c", one), ("d", one)]))
    #expect(
      comparison.differences.map(\.description) == [
        "only in the first: 'a' float32[1]",
        "'b' is float32[1] in the first, float64[1] in the second",
        "only in the second: 'c' float32[1]",
      ])
    #expect(comparison.equalCount == 1)
    #expect(!comparison.isEqual)
  }

  @Test func `numbers within the tolerance are the same`() throws {
    let (one, two) = (AnyTensor(Tensor<Float>([1, 2, 3])), AnyTensor(Tensor<Float>([1, 2.5, 2])))
    let spec = one.spec
    #expect(try kinds(one, two) == [.values(spec, differing: 2, largestDistance: 1)])
    #expect(
      try kinds(one, two, tolerance: 0.5) == [.values(spec, differing: 1, largestDistance: 1)])
    #expect(try kinds(one, two, tolerance: 1) == [])
  }

  @Test func `zeros and NaN are the same by meaning, infinities are far from all else`() throws {
    let one = AnyTensor(Tensor<Double>([0, .nan, .infinity, .infinity]))
    let two = AnyTensor(Tensor<Double>([-0.0, -.nan, .infinity, 1]))
    #expect(
      try kinds(one, two, tolerance: 1e300) == [
        .values(one.spec, differing: 1, largestDistance: .infinity)
      ])
    let nan = AnyTensor(Tensor<Double>([0, 0, .infinity, .infinity]))
    #expect(
      try kinds(one, nan, tolerance: 1) == [
        .values(one.spec, differing: 1, largestDistance: .infinity)
      ])
  }

  @Test func `large integers that a double cannot tell apart are different`() throws {
    let one = AnyTensor(Tensor<Int64>([.max, .min]))
    let two = AnyTensor(Tensor<Int64>([.max - 1, .max]))
    #expect(
      try kinds(one, two) == [.values(one.spec, differing: 2, largestDistance: Double(UInt64.max))])
  }

  @Test func `every dtype is compared`() throws {
    for dtype in DType.allCases where dtype.byteWidth != nil {
      let width = dtype.byteWidth ?? 0
      let bytes = [UInt8](repeating: 0, count: 3 * width)
      var other = bytes
      other[width] = 1  // the second element
      let spec = TensorSpec(dtype, [3])
      let one = unsafe try AnyTensor(spec, bytes: bytes.span.bytes)
      let two = unsafe try AnyTensor(spec, bytes: other.span.bytes)
      #expect(try kinds(one, one) == [])
      guard case .values(spec, differing: 1, _)? = try kinds(one, two).first else {
        Issue.record("\(dtype)")
        continue
      }
    }
  }

  @Test func `strings are compared by their bytes`() throws {
    let one = AnyTensor(Tensor<String>(["é", "b"]))
    let two = AnyTensor(Tensor<String>(["e\u{301}", "b"]))
    #expect(try kinds(one, two) == [.values(one.spec, differing: 1, largestDistance: nil)])
    #expect(try kinds(one, one) == [])
  }

  @Test func `a damaged tensor is an error, or one of those that cannot be read`() throws {
    let tensors: [(TensorKey, AnyTensor)] = [
      ("a", AnyTensor(Tensor<Float>([1]))), ("b", AnyTensor(Tensor<Float>([2]))),
    ]
    let one = try reader("one", tensors)
    _ = try reader("two", tensors)
    let data = "two.data-00000-of-00001"
    var bytes = try directory.bytes(data)
    bytes[0] ^= 1  // in `a`
    try directory.write(bytes, to: data)
    let two = try CheckpointReader(directory.path("two"))
    let error = #expect(throws: CheckpointError.self) {
      try CheckpointReader.Comparison(one, two)
    }
    #expect(error?.code == .corrupt && error?.key == "a")
    let rest = try CheckpointReader.Comparison(one, two, skipsDamage: true)
    #expect(rest.damaged.map(\.key) == ["a"])
    #expect(rest.damaged.first?.error.code == .corrupt)
    #expect(rest.differences.isEmpty && rest.equalCount == 1)
    #expect(!rest.isEqual)
  }

  @Test(arguments: [-1, Double.nan]) func `a tolerance is 0 or more`(tolerance: Double) throws {
    let one = try reader("one", [("x", AnyTensor(Tensor<Float>([1])))])
    let error = #expect(throws: CheckpointError.self) {
      try CheckpointReader.Comparison(one, one, tolerance: tolerance)
    }
    #expect(error?.code == .invalidArgument)
  }
}
