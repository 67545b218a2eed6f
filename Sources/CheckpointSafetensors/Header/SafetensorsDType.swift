import CheckpointTensors

/// The element types of the format, in the order of the reference implementation: a file has those
/// of the largest alignment first, which are the last ones here.
///
/// Source: safetensors, `tensor.rs`, `Dtype`.
enum SafetensorsDType: String, CaseIterable {
  case bool = "BOOL"
  case f4 = "F4"
  case f6E2M3 = "F6_E2M3"
  case f6E3M2 = "F6_E3M2"
  case u8 = "U8"
  case i8 = "I8"
  case f8E5M2 = "F8_E5M2"
  case f8E4M3 = "F8_E4M3"
  case f8E8M0 = "F8_E8M0"
  case f8E4M3FNUZ = "F8_E4M3FNUZ"
  case f8E5M2FNUZ = "F8_E5M2FNUZ"
  case i16 = "I16"
  case u16 = "U16"
  case f16 = "F16"
  case bf16 = "BF16"
  case i32 = "I32"
  case u32 = "U32"
  case f32 = "F32"
  case c64 = "C64"
  case f64 = "F64"
  case i64 = "I64"
  case u64 = "U64"

  /// The type that holds elements of a dtype; `nil` if the format has none.
  init?(_ dtype: DType) {
    guard let type = Self.allCases.first(where: { $0.dtype == dtype }) else { return nil }
    self = type
  }

  // Comparing with each name in turn, as `init(rawValue:)` does, takes longer than the rest of an entry.
  private static let byName = Dictionary(uniqueKeysWithValues: allCases.map { ($0.rawValue, $0) })

  /// The type of a name in a header; `nil` if it is not known.
  static func named(_ name: String) -> SafetensorsDType? { byName[name] }

  /// The dtype of these elements; `nil` if TensorFlow has none, or holds them in another way: it
  /// gives an element of 4 bits a byte of its own, the format packs two into one.
  var dtype: DType? {
    switch self {
    case .bool: .bool
    case .u8: .uint8
    case .i8: .int8
    case .f8E5M2: .float8E5M2
    case .f8E4M3: .float8E4M3FN
    case .f8E4M3FNUZ: .float8E4M3FNUZ
    case .f8E5M2FNUZ: .float8E5M2FNUZ
    case .i16: .int16
    case .u16: .uint16
    case .f16: .float16
    case .bf16: .bfloat16
    case .i32: .int32
    case .u32: .uint32
    case .f32: .float32
    case .c64: .complex64
    case .f64: .float64
    case .i64: .int64
    case .u64: .uint64
    case .f4, .f6E2M3, .f6E3M2, .f8E8M0: nil
    }
  }

  /// How many bits an element takes.
  var bitWidth: UInt64 {
    switch self {
    case .f4: 4
    case .f6E2M3, .f6E3M2: 6
    case .f8E8M0: 8
    default: UInt64(dtype?.byteWidth ?? 1) * 8
    }
  }

  /// The place in the reference implementation's order.
  var rank: Int { Self.allCases.firstIndex(of: self) ?? 0 }
}
