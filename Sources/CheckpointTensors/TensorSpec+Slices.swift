// What TensorFlow puts together from slices.

extension TensorShape {
  /// The most dimensions of a tensor that TensorFlow copies from slices: with more, it ends the process.
  ///
  /// V1 checkpoints are always read so. Source: tensorflow/core/util/tensor_slice_util.h, `kTensorSliceMaxRank`.
  package static let largestSlicedRank = 8
}

extension TensorSpec {
  /// Whether TensorFlow puts such tensors together from slices.
  package var isJoinedByTensorFlow: Bool { hindranceToJoining == nil }

  /// For what TensorFlow does not put such tensors together from slices; `nil` if it does.
  package var hindranceToJoining: String? {
    guard dtype.isJoinedByTensorFlow else { return dtype.name }
    return shape.rank > TensorShape.largestSlicedRank ? "\(shape.rank) dimensions" : nil
  }
}

extension DType {
  // Source: tensorflow/core/util/tensor_bundle/tensor_bundle.cc and tensor_slice_reader.cc,
  // `GetSliceValue`, by way of TF_CALL macros of core/framework/register_types.h.
  fileprivate var isJoinedByTensorFlow: Bool {
    switch self {
    case .float32, .float64, .int32, .uint8, .int16, .int8, .complex64, .complex128, .int64, .bool,
      .qint32, .quint8, .qint8, .bfloat16, .int4, .uint4:
      true
    default: false
    }
  }
}
