extension DType {
  /// The Swift type whose values the elements are; `nil` for those that have none, such as
  /// `float8_e4m3fn` and `qint8`.
  package var scalarType: (any TensorScalar.Type)? {
    switch self {
    case .float32: Float.self
    case .float64: Double.self
    case .bfloat16: BFloat16.self
    #if !((os(macOS) || targetEnvironment(macCatalyst)) && arch(x86_64))
    case .float16: Float16.self
    #endif
    case .complex64: Complex64.self
    case .complex128: Complex128.self
    case .int8: Int8.self
    case .int16: Int16.self
    case .int32: Int32.self
    case .int64: Int64.self
    case .uint8: UInt8.self
    case .uint16: UInt16.self
    case .uint32: UInt32.self
    case .uint64: UInt64.self
    case .bool: Bool.self
    case .string: [UInt8].self
    default: nil
    }
  }
}
