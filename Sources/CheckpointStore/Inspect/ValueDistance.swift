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
    guard let number = first.spec.dtype.scalarType as? any MeasuredNumber.Type,
      let found = number.distances(first, second, above: tolerance)
    else {
      guard first.spec.dtype.isFloatingPoint, let decoder = ElementDecoder(first.spec.dtype) else {
        return compareBytes(first, second)
      }
      return compareDecoded(first, second, decoder)
    }
    differingCount = found.count
    if found.count > 0 { largest = found.largest }
  }

  // Floating-point numbers of types that Swift does not have, all of them real.
  private mutating func compareDecoded(
    _ first: AnyTensor, _ second: AnyTensor, _ decoder: ElementDecoder
  ) {
    // They have no other byte order: what they are made of are bytes.
    guard let storage = first.storage, let other = second.storage else { return }
    decoder.forEachBlock(of: storage.bytes, and: other.bytes) { compare($0, $1) }
  }

  private mutating func compare(_ numbers: Span<Double>, _ others: Span<Double>) {
    for index in numbers.indices {
      let distance = numbers[index].gap(to: others[index])
      guard distance > tolerance else { continue }
      differingCount += 1
      largest = max(largest ?? 0, distance)
    }
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

/// A number of a tensor, whose distance from another one can be told.
private protocol MeasuredNumber: TensorScalar {
  func gap(to other: Self) -> Double
  // A requirement, so that each type has the loop for itself.
  static func distances(_ first: AnyTensor, _ second: AnyTensor, above tolerance: Double)
    -> (count: Int, largest: Double)?
}

extension MeasuredNumber {
  static func distances(_ first: AnyTensor, _ second: AnyTensor, above tolerance: Double)
    -> (count: Int, largest: Double)?
  {
    guard let first = try? Tensor<Self>(first), let second = try? Tensor<Self>(second) else {
      return nil  // both are of the dtype of this type
    }
    let (scalars, others) = (first.scalars, second.scalars)
    var (count, largest) = (0, 0.0)
    for index in scalars.indices {
      let distance = scalars[index].gap(to: others[index])
      guard distance > tolerance else { continue }
      count += 1
      largest = max(largest, distance)
    }
    return (count, largest)
  }
}

extension MeasuredNumber where Self: FixedWidthInteger {
  // The difference of two 64-bit integers takes 65 bits. It is rounded, but is 0 only if they are equal.
  func gap(to other: Self) -> Double { Double((Int128(self) - Int128(other)).magnitude) }
}

extension MeasuredNumber where Self: BinaryFloatingPoint {
  // 0 between two NaNs; infinite if only one is NaN, and between different infinities.
  func gap(to other: Self) -> Double {
    let (first, second) = (Double(self), Double(other))
    if first == second || first.isNaN && second.isNaN { return 0 }
    let distance = (first - second).magnitude
    return distance.isNaN ? .infinity : distance
  }
}

extension Float: MeasuredNumber {}
extension Double: MeasuredNumber {}
#if !((os(macOS) || targetEnvironment(macCatalyst)) && arch(x86_64))
extension Float16: MeasuredNumber {}
#endif
extension Int8: MeasuredNumber {}
extension Int16: MeasuredNumber {}
extension Int32: MeasuredNumber {}
extension Int64: MeasuredNumber {}
extension UInt8: MeasuredNumber {}
extension UInt16: MeasuredNumber {}
extension UInt32: MeasuredNumber {}
extension UInt64: MeasuredNumber {}

extension BFloat16: MeasuredNumber {
  fileprivate func gap(to other: BFloat16) -> Double { Float(self).gap(to: Float(other)) }
}

extension ComplexScalar: MeasuredNumber {
  fileprivate func gap(to other: Self) -> Double {
    max(
      Double(real).gap(to: Double(other.real)), Double(imaginary).gap(to: Double(other.imaginary)))
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
