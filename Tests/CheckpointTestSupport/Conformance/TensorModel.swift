import CheckpointIO
package import CheckpointTensors

/// What a checkpoint has to hold, as plain values: what readers and writers are compared with.
package struct TensorModel: Sendable {
  /// The tensors.
  package let tensors: [TensorKey: AnyTensor]

  /// The keys, in byte order.
  package let keys: [TensorKey]

  /// A model of these tensors.
  package init(_ tensors: [TensorKey: AnyTensor]) {
    self.tensors = tensors
    keys = tensors.keys.sorted { $0.bytes.lexicographicallyPrecedes($1.bytes) }
  }

  /// The tensor of a key; `nil` if there is none.
  package subscript(key: TensorKey) -> AnyTensor? { tensors[key] }

  /// The same with other tensors.
  package func adding(_ more: [TensorKey: AnyTensor]) -> TensorModel {
    TensorModel(tensors.merging(more) { $1 })
  }

  /// A part of a tensor; `nil` for a slice that leaves its shape.
  package static func part(_ slice: TensorSlice?, of tensor: AnyTensor) -> AnyTensor? {
    guard let slice else { return tensor }
    return part(slice, of: tensor, bytes(of: tensor))
  }

  /// The same of a tensor that has these bytes, so that a caller makes them once.
  package static func part(_ slice: TensorSlice, of tensor: AnyTensor, _ bytes: [UInt8])
    -> AnyTensor?
  {
    let dimensions = tensor.spec.shape.dimensions
    guard let ranges = ranges(of: slice, in: tensor.spec.shape) else { return nil }
    let spec = TensorSpec(tensor.spec.dtype, TensorShape(ranges.map(\.count)))
    // One row of the last dimension after the other.
    var rows = [0]
    for (range, dimension) in zip(ranges, dimensions).dropLast() {
      rows = rows.flatMap { row in range.map { row * dimension + $0 } }
    }
    let (row, length) = (ranges.last ?? 0..<1, dimensions.last ?? 1)
    let places = rows.map { $0 * length + row.lowerBound..<$0 * length + row.upperBound }
    if let strings = tensor.strings { return self.tensor(spec, places.flatMap { strings[$0] }) }
    let width = spec.dtype.byteWidth ?? 1
    var output: [UInt8] = []
    output.reserveCapacity(spec.shape.elementCount * width)
    for place in places { output += bytes[place.lowerBound * width..<place.upperBound * width] }
    return self.tensor(spec, output)
  }

  /// What a slice takes of each dimension; `nil` for a slice that leaves the shape.
  package static func ranges(of slice: TensorSlice, in shape: TensorShape) -> [Range<Int>]? {
    let dimensions = shape.dimensions
    guard slice.extents.count == dimensions.count else { return nil }
    var ranges: [Range<Int>] = []
    for (extent, dimension) in zip(slice.extents, dimensions) {
      switch extent {
      case .full: ranges.append(0..<dimension)
      case .range(let start, let length):
        guard (0..<dimension).contains(start), (1...dimension - start).contains(length) else {
          return nil
        }
        ranges.append(start..<start + length)
      }
    }
    return ranges
  }

  /// The bytes of each element, as they are in memory.
  package static func elements(of tensor: AnyTensor) -> [[UInt8]] {
    guard tensor.storage != nil else { return tensor.strings ?? [] }
    let width = tensor.spec.dtype.byteWidth ?? 1
    let all = bytes(of: tensor)
    return stride(from: 0, to: all.count, by: width).map { Array(all[$0..<$0 + width]) }
  }

  /// The bytes of all elements, as they are in memory; none of strings.
  package static func bytes(of tensor: AnyTensor) -> [UInt8] {
    guard let storage = tensor.storage else { return [] }
    return unsafe storage.bytes.withUnsafeBytes { unsafe Array($0) }
  }

  /// A tensor of these elements, each as its bytes in memory.
  package static func tensor(_ spec: TensorSpec, _ elements: [[UInt8]]) -> AnyTensor {
    guard spec.dtype.byteWidth == nil else { return tensor(spec, elements.flatMap { $0 }) }
    return made { () throws(CheckpointError) in try AnyTensor(spec, .strings(elements)) }
  }

  private static func tensor(_ spec: TensorSpec, _ bytes: [UInt8]) -> AnyTensor {
    made { () throws(CheckpointError) in try unsafe AnyTensor(spec, bytes: bytes.span.bytes) }
  }

  private static func made(_ make: () throws(CheckpointError) -> AnyTensor) -> AnyTensor {
    do throws(CheckpointError) {
      return try make()
    } catch {
      preconditionFailure("\(error)")
    }
  }
}

extension TensorModel {
  private static let shapes: [TensorShape] = [
    .scalar, [0], [1], [7], [3, 4], [2, 0, 3], [2, 3, 2], [1, 1, 1, 1, 5], [40, 3],
  ]

  // In byte order, but for their number; the beginning of one another, and of one look.
  private static let names = [
    "a", "a/", "a/b", "ab", "B", "e\u{301}", "\u{E9}", "~", "step 1\n", "0",
    String(repeating: "long/", count: 60),
  ]

  // In a sample, one of every width, and strings.
  private static let usualTypes: [DType] =
    TestCases.areAll
    ? DType.allCases
    : [.float32, .string, .bool, .int64, .bfloat16, .complex128, .int4, .quint8]

  /// A model with every shape and every one of some dtypes, and with names that are easily mixed up.
  ///
  /// - Parameters:
  ///   - dtypes: The dtypes.
  ///   - names: More names, which need not be text.
  ///   - seed: What the values depend on.
  /// - Returns: The model.
  package static func sample(
    _ dtypes: [DType] = usualTypes, names: [TensorKey] = [], seed: UInt64 = 1
  ) -> TensorModel {
    var random = SeededGenerator(seed: seed)
    let keys = Self.names.map { TensorKey($0) } + names
    var tensors: [TensorKey: AnyTensor] = [:]
    for (index, key) in keys.enumerated() {
      let dtype = dtypes[index % dtypes.count]
      tensors[key] = self.random(dtype, shapes[index % shapes.count], &random)
    }
    for dtype in dtypes {
      for (number, shape) in shapes.enumerated()
      where dtype == dtypes[0] || dtype == .string || Int.random(in: 0..<3, using: &random) == 0 {
        tensors[TensorKey("\(dtype.name)/\(number)")] = self.random(dtype, shape, &random)
      }
    }
    return TensorModel(tensors)
  }

  /// A tensor of random values.
  package static func random(
    _ dtype: DType, _ shape: TensorShape, _ random: inout SeededGenerator
  ) -> AnyTensor {
    let elements = (0..<shape.elementCount).map { _ in element(dtype, &random) }
    return tensor(TensorSpec(dtype, shape), elements)
  }

  private static func element(_ dtype: DType, _ random: inout SeededGenerator) -> [UInt8] {
    let mask: UInt8 =
      switch dtype {
      case .bool, .int2, .uint2: 1
      case .int4, .uint4, .float4E2M1FN: 7
      default: 0xFF
      }
    let count = dtype.byteWidth ?? [0, 0, 1, 3, 200, 3000].randomElement(using: &random) ?? 0
    return (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) & mask }
  }
}
