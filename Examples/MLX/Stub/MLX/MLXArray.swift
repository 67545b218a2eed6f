// swift-format-ignore-file: AllPublicDeclarationsHaveDocumentation

public import Foundation

// What the example needs of MLX, with the signatures of mlx-swift 0.25: arrays on the processor, whose
// arithmetic knows float32 only.

public enum DType: Hashable, Sendable, CaseIterable {
  case bool, uint8, uint16, uint32, uint64, int8, int16, int32, int64
  case float16, float32, bfloat16, complex64, float64
}

public protocol HasDType { static var dtype: DType { get } }
extension Bool: HasDType { public static var dtype: DType { .bool } }
extension UInt8: HasDType { public static var dtype: DType { .uint8 } }
extension UInt16: HasDType { public static var dtype: DType { .uint16 } }
extension UInt32: HasDType { public static var dtype: DType { .uint32 } }
extension UInt64: HasDType { public static var dtype: DType { .uint64 } }
extension Int8: HasDType { public static var dtype: DType { .int8 } }
extension Int16: HasDType { public static var dtype: DType { .int16 } }
extension Int32: HasDType { public static var dtype: DType { .int32 } }
extension Int64: HasDType { public static var dtype: DType { .int64 } }
#if !(os(macOS) && arch(x86_64))
extension Float16: HasDType { public static var dtype: DType { .float16 } }
#endif
extension Float: HasDType { public static var dtype: DType { .float32 } }
extension Double: HasDType { public static var dtype: DType { .float64 } }

public struct MLXArrayData {
  public let data: Data
  public let shape: [Int]
  public let strides: [Int]
  public let dType: DType
}

public protocol Updatable { func innerState() -> [MLXArray] }

/// An array: an object, whose contents are replaced as a whole.
public class MLXArray {
  public enum AccessMethod: Sendable { case copy, noCopyIfContiguous, noCopy }

  private var data: Data
  public private(set) var shape: [Int]
  public private(set) var dtype: DType

  fileprivate init(data: Data, shape: [Int], dtype: DType) {
    (self.data, self.shape, self.dtype) = (data, shape, dtype)
  }

  public convenience init<T: HasDType>(_ data: Data, _ shape: [Int]? = nil, type: T.Type) {
    let shape = shape ?? [data.count / MemoryLayout<T>.stride]
    precondition(shape.reduce(1, *) * MemoryLayout<T>.stride == data.count, "the bytes of \(shape)")
    self.init(data: data, shape: shape, dtype: T.dtype)
  }

  public convenience init<T: HasDType>(_ value: [T], _ shape: [Int]? = nil) {
    self.init(value.withUnsafeBytes { Data($0) }, shape ?? [value.count], type: T.self)
  }

  public convenience init<T: HasDType>(_ value: T) { self.init([value], []) }

  public func asData(access: AccessMethod = .copy) -> MLXArrayData {
    var strides = shape
    for axis in strides.indices { strides[axis] = shape[(axis + 1)...].reduce(1, *) }
    return MLXArrayData(data: data, shape: shape, strides: strides, dType: dtype)
  }

  public func asArray<T: HasDType>(_ type: T.Type) -> [T] {
    precondition(T.dtype == dtype, "an array of \(dtype)")
    return data.withUnsafeBytes { Array($0.bindMemory(to: T.self)) }
  }

  public func asType(_ type: DType) -> MLXArray {
    precondition(type == .bfloat16 && dtype == .float32, "the stub knows one conversion")
    let halves = asArray(Float.self).map { UInt16(truncatingIfNeeded: $0.bitPattern >> 16) }
    return MLXArray(data: halves.withUnsafeBytes { Data($0) }, shape: shape, dtype: .bfloat16)
  }

  public func _updateInternal(_ array: MLXArray) {
    (data, shape, dtype) = (array.data, array.shape, array.dtype)
  }

  public static func zeros(_ shape: [Int]) -> MLXArray {
    MLXArray([Float](repeating: 0, count: shape.reduce(1, *)), shape)
  }

  public static func zeros(like array: MLXArray) -> MLXArray { zeros(array.shape) }
}

extension MLXArray: Updatable {
  public func innerState() -> [MLXArray] { [self] }
}

// MARK: - Arithmetic

extension MLXArray {
  fileprivate func map(_ body: (Float) -> Float) -> MLXArray {
    MLXArray(asArray(Float.self).map(body), shape)
  }

  fileprivate func with(_ other: MLXArray, _ body: (Float, Float) -> Float) -> MLXArray {
    precondition(shape == other.shape, "\(shape) and \(other.shape)")
    return MLXArray(zip(asArray(Float.self), other.asArray(Float.self)).map(body), shape)
  }

  public static func + (left: MLXArray, right: MLXArray) -> MLXArray { left.with(right, +) }
  public static func - (left: MLXArray, right: MLXArray) -> MLXArray { left.with(right, -) }
  public static func / (left: MLXArray, right: MLXArray) -> MLXArray { left.with(right, /) }
  public static func * (left: Float, right: MLXArray) -> MLXArray { right.map { left * $0 } }
  public static func + (left: MLXArray, right: Float) -> MLXArray { left.map { $0 + right } }

  public var T: MLXArray {
    let (rows, columns, elements) = (shape[0], shape[1], asArray(Float.self))
    let turned = (0..<columns).flatMap { column in
      (0..<rows).map { elements[$0 * columns + column] }
    }
    return MLXArray(turned, [columns, rows])
  }

  public func item<T: HasDType>(_ type: T.Type) -> T { asArray(type)[0] }
}

public func square(_ array: MLXArray) -> MLXArray { array.map { $0 * $0 } }
public func sqrt(_ array: MLXArray) -> MLXArray { array.map { $0.squareRoot() } }

public func mean(_ array: MLXArray) -> MLXArray {
  let elements = array.asArray(Float.self)
  return MLXArray(elements.reduce(0, +) / Float(elements.count))
}

public func matmul(_ left: MLXArray, _ right: MLXArray) -> MLXArray {
  let (rows, inner, columns) = (left.shape[0], left.shape[1], right.shape[1])
  precondition(inner == right.shape[0], "\(left.shape) times \(right.shape)")
  let (a, b) = (left.asArray(Float.self), right.asArray(Float.self))
  var product = [Float](repeating: 0, count: rows * columns)
  for row in 0..<rows {
    for step in 0..<inner {
      let factor = a[row * inner + step]
      for column in 0..<columns {
        product[row * columns + column] += factor * b[step * columns + column]
      }
    }
  }
  return MLXArray(product, [rows, columns])
}

public func eval(_ arrays: any Updatable...) {}  // nothing is lazy here

// MARK: - Random numbers

public enum MLXRandom {
  public final class RandomState: Updatable {
    private var state: MLXArray

    public init(seed: UInt64) {
      state = MLXArray([UInt32(truncatingIfNeeded: seed >> 32), UInt32(truncatingIfNeeded: seed)])
    }

    public func innerState() -> [MLXArray] { [state] }

    public func next() -> MLXArray {
      let key = state
      let halves = state.asArray(UInt32.self)
      let next = (UInt64(halves[0]) << 32 | UInt64(halves[1])) &+ 0x9E37_79B9_7F4A_7C15
      state = MLXArray([UInt32(truncatingIfNeeded: next >> 32), UInt32(truncatingIfNeeded: next)])
      return key
    }
  }

  public static func normal(_ shape: [Int], key: MLXArray) -> MLXArray {
    let halves = key.asArray(UInt32.self)
    var state = UInt64(halves[0]) << 32 | UInt64(halves[1])
    func uniform() -> Float {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return (Float(state >> 40) + 0.5) / Float(1 << 24)
    }
    let elements = (0..<shape.reduce(1, *)).map { _ in
      (0..<12).reduce(-6 as Float) { sum, _ in sum + uniform() }
    }
    return MLXArray(elements, shape)
  }
}
