import CheckpointIO
import CheckpointTensors

/// How far the elements of two tensors of one dtype and shape are apart.
struct ValueDistance {
  /// How many elements are farther apart than the tolerance.
  private(set) var differingCount = 0
  /// The largest distance of these; `nil` if they are not numbers, or none differs.
  private(set) var largest: Double?
  private let tolerance: Double

  init(_ first: AnyTensor, _ second: AnyTensor, tolerance: Double) {
    self.tolerance = tolerance
    switch (first.contents, second.contents) {
    case (.strings(let elements), .strings(let others)):
      differingCount = zip(elements, others).count { $0 != $1 }
    case (.bytes(let bytes), .bytes(let others)):
      guard !bytes.bytes.elementsEqual(others.bytes) else { return }
      compare(first, second)
    default:
      differingCount = first.spec.shape.elementCount  // one dtype has one kind of contents
    }
  }

  private mutating func compare(_ first: AnyTensor, _ second: AnyTensor) {
    switch first.spec.dtype {
    case .float32: compare(first, second, Float.self) { Self.distance(Double($0), Double($1)) }
    case .float64: compare(first, second, Double.self, Self.distance)
    case .bfloat16:
      compare(first, second, BFloat16.self) {
        Self.distance(Double(Float($0)), Double(Float($1)))
      }
    #if !((os(macOS) || targetEnvironment(macCatalyst)) && arch(x86_64))
    case .float16: compare(first, second, Float16.self) { Self.distance(Double($0), Double($1)) }
    #endif
    case .complex64:
      compare(first, second, Complex64.self) {
        max(
          Self.distance(Double($0.real), Double($1.real)),
          Self.distance(Double($0.imaginary), Double($1.imaginary)))
      }
    case .complex128:
      compare(first, second, Complex128.self) {
        max(Self.distance($0.real, $1.real), Self.distance($0.imaginary, $1.imaginary))
      }
    case .int8: compareIntegers(first, second, Int8.self)
    case .int16: compareIntegers(first, second, Int16.self)
    case .int32: compareIntegers(first, second, Int32.self)
    case .int64: compareIntegers(first, second, Int64.self)
    case .uint8: compareIntegers(first, second, UInt8.self)
    case .uint16: compareIntegers(first, second, UInt16.self)
    case .uint32: compareIntegers(first, second, UInt32.self)
    case .uint64: compareIntegers(first, second, UInt64.self)
    default: compareBytes(first, second)
    }
  }

  // Of two that are no numbers 0; of one, and of different infinities, infinite.
  private static func distance(_ first: Double, _ second: Double) -> Double {
    if first == second || first.isNaN && second.isNaN { return 0 }
    let distance = (first - second).magnitude
    return distance.isNaN ? .infinity : distance
  }

  private mutating func compareIntegers<Number: TensorScalar & FixedWidthInteger>(
    _ first: AnyTensor, _ second: AnyTensor, _ type: Number.Type
  ) {
    // The difference of two integers of 64 bits is one of 65: rounded, but 0 only for equal ones.
    compare(first, second, type) { Double((Int128($0) - Int128($1)).magnitude) }
  }

  private mutating func compare<Number: TensorScalar>(
    _ first: AnyTensor, _ second: AnyTensor, _ type: Number.Type,
    _ distance: (Number, Number) -> Double
  ) {
    guard let first = try? Tensor<Number>(first), let second = try? Tensor<Number>(second) else {
      return compareBytes(first, second)  // every dtype above is that of its Swift type
    }
    let (scalars, others) = (first.scalars, second.scalars)
    var largest = 0.0
    for index in scalars.indices {
      let distance = distance(scalars[index], others[index])
      guard distance > tolerance else { continue }
      differingCount += 1
      largest = max(largest, distance)
    }
    if differingCount > 0 { self.largest = largest }
  }

  private mutating func compareBytes(_ first: AnyTensor, _ second: AnyTensor) {
    guard let storage = first.storage, let other = second.storage,
      let width = first.spec.dtype.byteWidth
    else { return }
    let (bytes, others) = (storage.bytes, other.bytes)
    for start in stride(from: 0, to: bytes.byteCount, by: width) {
      let range = start..<start + width
      if !bytes.extracting(range).elementsEqual(others.extracting(range)) { differingCount += 1 }
    }
  }
}

extension RawSpan {
  fileprivate func elementsEqual(_ other: RawSpan) -> Bool {
    guard byteCount == other.byteCount else { return false }
    // Both are read within their bounds.
    return unsafe withUnsafeBytes { bytes in
      unsafe other.withUnsafeBytes { unsafe bytes.elementsEqual($0) }
    }
  }
}
