package import CheckpointTensors

// TensorProto, as far as V1 checkpoints use it: the values stand in the list of their type, one for
// each element, and nothing else is written; no dtype, no shape, no tensor_content.
//
//   5 float_val     fixed32      float32                 10 int64_val     varint    int64
//   6 double_val    fixed64      float64                 11 bool_val      varint    bool
//   7 int_val       varint       int32, int16, int8,     12 dcomplex_val  fixed64   complex128
//                                uint8, uint16, qint8,   13 half_val      varint    float16
//                                quint8, qint32          16 uint32_val    varint    uint32
//   8 string_val    bytes        string                  17 uint64_val    varint    uint64
//   9 scomplex_val  fixed32      complex64
//
// Lists of numbers are written packed, and read in any form that protobuf allows. A complex element
// is two numbers of its list; negative numbers are extended to 64 bits and so take ten bytes.
// uint32 and uint64 are read but not written, as TensorFlow has it; it has no list for other dtypes.
// Sources: tensorflow/core/framework/tensor.proto; core/util/saved_tensor_slice_util.h;
// core/util/tensor_slice_writer.cc, `MaxBytesPerElement`.

/// The list of a TensorProto in which the values of a dtype stand.
package struct TensorValueList: Hashable, Sendable {
  /// How a value is written.
  enum Encoding: Hashable, Sendable {
    /// As the bytes of a number of 4 or 8 bytes.
    case fixed
    case varint
    case bytes
  }

  /// The dtype of the elements.
  package let dtype: DType
  /// The number of the field.
  let number: UInt32
  let encoding: Encoding
  /// How many bytes a value takes in memory; half of a complex element.
  let width: Int
  /// Whether negative values are extended to 64 bits.
  let isSigned: Bool
  /// Whether any number but 0 is 1.
  let isBool: Bool

  /// The list of a dtype; `nil` if V1 has none for it.
  package init?(_ dtype: DType) {
    let (number, encoding): (UInt32, Encoding)
    switch dtype {
    case .float32: (number, encoding) = (5, .fixed)
    case .float64: (number, encoding) = (6, .fixed)
    case .int32, .int16, .int8, .uint8, .uint16, .qint8, .quint8, .qint32:
      (number, encoding) = (7, .varint)
    case .string: (number, encoding) = (8, .bytes)
    case .complex64: (number, encoding) = (9, .fixed)
    case .int64: (number, encoding) = (10, .varint)
    case .bool: (number, encoding) = (11, .varint)
    case .complex128: (number, encoding) = (12, .fixed)
    case .float16: (number, encoding) = (13, .varint)
    case .uint32: (number, encoding) = (16, .varint)
    case .uint64: (number, encoding) = (17, .varint)
    default: return nil
    }
    self.dtype = dtype
    self.number = number
    self.encoding = encoding
    width = dtype.byteOrderWidth ?? 0
    isSigned = [.int8, .int16, .int32, .int64, .qint8, .qint32].contains(dtype)
    isBool = dtype == .bool
  }

  /// The fewest bytes that an element takes in a record.
  package var leastByteCount: Int {
    switch encoding {
    case .fixed: dtype.byteWidth ?? width
    case .varint: 1
    case .bytes: 2
    }
  }

  /// The most bytes that TensorFlow reckons an element to take; `nil` if it writes none of the dtype.
  ///
  /// The bytes of strings come on top.
  package var mostByteCount: Int? {
    switch dtype {
    case .uint32, .uint64: nil
    case .uint8, .quint8: 2
    case .uint16, .float16: 3
    case .bool: 1
    default: encoding == .fixed ? dtype.byteWidth : 10
    }
  }
}
