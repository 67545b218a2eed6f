package import CheckpointIO

/// The type of a tensor's elements, numbered and named as in TensorFlow.
///
/// Resource handles (20) and reference types (101 and up) are no cases: they are never stored.
/// Source: tensorflow/core/framework/types.proto, `DataType`.
public enum DType: Int32, CaseIterable, Sendable {
  /// IEEE binary32.
  case float32 = 1
  /// IEEE binary64.
  case float64 = 2
  /// 32 bits, signed.
  case int32 = 3
  /// 8 bits, unsigned.
  case uint8 = 4
  /// 16 bits, signed.
  case int16 = 5
  /// 8 bits, signed.
  case int8 = 6
  /// Byte strings of any length; they need not be text.
  case string = 7
  /// Two binary32: real part, imaginary part.
  case complex64 = 8
  /// 64 bits, signed.
  case int64 = 9
  /// One byte, 0 or 1.
  case bool = 10
  /// Quantized, stored as `int8`.
  case qint8 = 11
  /// Quantized, stored as `uint8`.
  case quint8 = 12
  /// Quantized, stored as `int32`.
  case qint32 = 13
  /// The upper 16 bits of a binary32.
  case bfloat16 = 14
  /// Quantized, stored as `int16`.
  case qint16 = 15
  /// Quantized, stored as `uint16`.
  case quint16 = 16
  /// 16 bits, unsigned.
  case uint16 = 17
  /// Two binary64: real part, imaginary part.
  case complex128 = 18
  /// IEEE binary16; TensorFlow also calls it half.
  case float16 = 19
  /// Serialized values of types known to TensorFlow; read as opaque bytes.
  case variant = 21
  /// 32 bits, unsigned.
  case uint32 = 22
  /// 64 bits, unsigned.
  case uint64 = 23
  /// 1 sign, 5 exponent and 2 mantissa bits, with infinities.
  case float8E5M2 = 24
  /// 1 sign, 4 exponent and 3 mantissa bits, without infinities.
  case float8E4M3FN = 25
  /// As ``float8E4M3FN`` with exponent bias 8 and no negative zero.
  case float8E4M3FNUZ = 26
  /// As ``float8E4M3FN`` with exponent bias 11 and no negative zero.
  case float8E4M3B11FNUZ = 27
  /// As ``float8E5M2`` with exponent bias 16, no infinities and no negative zero.
  case float8E5M2FNUZ = 28
  /// The low 4 bits of a byte, signed.
  case int4 = 29
  /// The low 4 bits of a byte, unsigned.
  case uint4 = 30
  /// The low 2 bits of a byte, signed.
  case int2 = 31
  /// The low 2 bits of a byte, unsigned.
  case uint2 = 32
  /// The low 4 bits of a byte: 1 sign, 2 exponent and 1 mantissa bits.
  case float4E2M1FN = 33
}

extension DType {
  /// How many bytes an element takes in memory and in files; `nil` if that varies.
  ///
  /// Elements of less than 8 bits take a byte each: nothing is packed.
  public var byteWidth: Int? {
    switch self {
    case .string, .variant: nil
    case .uint8, .int8, .bool, .qint8, .quint8: 1
    case .float8E5M2, .float8E4M3FN, .float8E4M3FNUZ, .float8E4M3B11FNUZ, .float8E5M2FNUZ: 1
    case .int4, .uint4, .int2, .uint2, .float4E2M1FN: 1
    case .int16, .uint16, .qint16, .quint16, .float16, .bfloat16: 2
    case .float32, .int32, .uint32, .qint32: 4
    case .float64, .int64, .uint64, .complex64: 8
    case .complex128: 16
    }
  }

  /// How many bytes a number takes whose bytes are in the machine's order: half a complex element.
  public var byteOrderWidth: Int? {
    switch self {
    case .complex64: 4
    case .complex128: 8
    default: byteWidth
    }
  }

  /// Creates the dtype that has this name in TensorFlow; `nil` if there is none.
  public init?(named name: String) {
    guard let dtype = Self.allCases.first(where: { $0.name == name }) else { return nil }
    self = dtype
  }

  /// TensorFlow's name: `float32`, `bfloat16`, `float8_e4m3fn`, `string`.
  public var name: String {
    switch self {
    case .float8E5M2: "float8_e5m2"
    case .float8E4M3FN: "float8_e4m3fn"
    case .float8E4M3FNUZ: "float8_e4m3fnuz"
    case .float8E4M3B11FNUZ: "float8_e4m3b11fnuz"
    case .float8E5M2FNUZ: "float8_e5m2fnuz"
    case .float4E2M1FN: "float4_e2m1fn"
    default: "\(self)"
    }
  }

  /// The dtype with a number found in a file.
  ///
  /// - Throws: `corrupt` for a number that no stored tensor can have, naming it.
  package init(stored number: Int32) throws(CheckpointError) {
    guard let dtype = DType(rawValue: number) else {
      let what =
        switch number {
        case 0: "none"
        case 20: "a resource handle, which cannot be stored"
        case 101...133: "a reference type, which cannot be stored"
        default: "unknown"
        }
      throw CheckpointError(.corrupt, "dtype \(number) is \(what)")
    }
    self = dtype
  }
}
