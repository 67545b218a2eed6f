import CheckpointIO
import CheckpointTensors

/// Numbers of one dtype as numbers of another one.
///
/// Between integers, and from floating point to integers, values have to be representable; floating
/// point is rounded to the nearest, and what is too large for it is an error too.
struct ScalarConversion {
  // The Swift types of both dtypes; `nil` if they are the same, and nothing is converted.
  private let types: (source: any ConvertibleNumber.Type, target: any ConvertibleNumber.Type)?

  /// `nil` if elements of one dtype are not converted to the other.
  init?(from source: DType, to target: DType) {
    guard source != target else {
      types = nil
      return
    }
    guard let number = Self.number(source), let result = Self.number(target) else { return nil }
    types = (number, result)
  }

  /// Converts every element of a tensor of the source dtype.
  ///
  /// - Throws: `mismatch` for a value that the new type cannot hold, with its place.
  func convert(_ tensor: AnyTensor) throws(CheckpointError) -> AnyTensor {
    guard let types else { return tensor }
    return try types.source.convert(tensor, to: types.target)
  }

  // The Swift type of a dtype's elements, for those that are numbers of it.
  private static func number(_ dtype: DType) -> (any ConvertibleNumber.Type)? {
    dtype.scalarType as? any ConvertibleNumber.Type
  }
}

/// A value on its way: an integer, or a floating-point number.
private enum Number {
  case integer(Int128)
  case floating(Double)
}

private protocol ConvertibleNumber: TensorScalar, BitwiseCopyable {
  var number: Number { get }
  init?(converting number: Number)
}

extension ConvertibleNumber {
  static func convert(_ tensor: AnyTensor, to target: any ConvertibleNumber.Type)
    throws(CheckpointError) -> AnyTensor
  {
    try target.make(from: Tensor<Self>(tensor))
  }

  static func make(from source: Tensor<some ConvertibleNumber>) throws(CheckpointError) -> AnyTensor
  {
    var result: [Self] = []
    let scalars = source.scalars
    result.reserveCapacity(scalars.count)
    for index in scalars.indices {
      guard let value = Self(converting: scalars[index].number) else {
        throw CheckpointError(
          .mismatch, "element \(index) is \(scalars[index]), which no \(dtype.name) can be")
      }
      result.append(value)
    }
    return AnyTensor(Tensor<Self>(shape: source.shape, scalars: result))
  }
}

extension ConvertibleNumber where Self: FixedWidthInteger {
  var number: Number { .integer(Int128(self)) }

  init?(converting number: Number) {
    switch number {
    case .integer(let value): self.init(exactly: value)
    case .floating(let value): self.init(exactly: value)
    }
  }
}

extension ConvertibleNumber where Self: BinaryFloatingPoint {
  var number: Number { .floating(Double(self)) }

  init?(converting number: Number) {
    switch number {
    case .integer(let value): self.init(value)
    case .floating(let value): self.init(value)
    }
    if case .floating(let value) = number, value.isFinite, !isFinite { return nil }
    if case .integer = number, !isFinite { return nil }
  }
}

extension Float: ConvertibleNumber {}
extension Double: ConvertibleNumber {}
#if !((os(macOS) || targetEnvironment(macCatalyst)) && arch(x86_64))
extension Float16: ConvertibleNumber {}
#endif
extension Int8: ConvertibleNumber {}
extension Int16: ConvertibleNumber {}
extension Int32: ConvertibleNumber {}
extension Int64: ConvertibleNumber {}
extension UInt8: ConvertibleNumber {}
extension UInt16: ConvertibleNumber {}
extension UInt32: ConvertibleNumber {}
extension UInt64: ConvertibleNumber {}

extension BFloat16: ConvertibleNumber {
  fileprivate var number: Number { .floating(Double(Float(self))) }

  fileprivate init?(converting number: Number) {
    guard let value = Float(converting: number) else { return nil }
    self.init(value)
    if value.isFinite, !Float(self).isFinite { return nil }
  }
}
