import CheckpointTensors
import CheckpointTestSupport

extension SeededGenerator {
  /// A tensor of any values that its dtype can have in a file.
  mutating func tensor(_ dtype: DType, _ shape: TensorShape) throws -> AnyTensor {
    let spec = TensorSpec(dtype, shape)
    guard let width = dtype.byteWidth else {
      let elements = (0..<shape.elementCount).map { _ in string() }
      return try AnyTensor(spec, .strings(elements))
    }
    let bits: UInt8 =
      switch dtype {
      case .bool: 1
      case .int2, .uint2: 3
      case .int4, .uint4, .float4E2M1FN: 15
      default: 255
      }
    let count = shape.elementCount * width
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count + 8)
    while bytes.count < count {
      var word = next()
      for _ in 0..<8 {
        bytes.append(UInt8(truncatingIfNeeded: word) & bits)
        word >>= 8
      }
    }
    bytes.removeSubrange(count...)
    return unsafe try AnyTensor(spec, bytes: bytes.span.bytes)
  }

  private mutating func string() -> [UInt8] {
    let count = [0, 1, 5, 127, 128, 300].randomElement(using: &self) ?? 0
    return (0..<count).map { _ in UInt8.random(in: 0...255, using: &self) }
  }
}

extension DType {
  /// Those that both sides can write from plain bytes; variants need a type that TensorFlow knows.
  static let plain = allCases.filter { $0 != .variant }
}
