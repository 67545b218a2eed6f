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

  /// Whether TensorFlow puts tensors of this dtype together from slices.
  ///
  /// Source: tensorflow/core/util/tensor_bundle/tensor_bundle.cc and tensor_slice_reader.cc,
  /// `GetSliceValue`, by way of TF_CALL macros of core/framework/register_types.h.
  package var isJoinedByTensorFlow: Bool {
    switch self {
    case .float32, .float64, .int32, .uint8, .int16, .int8, .complex64, .complex128, .int64, .bool,
      .qint32, .quint8, .qint8, .bfloat16, .int4, .uint4:
      true
    default: false
    }
  }
}
