// A safetensors file:
//
//   8 bytes    N, the length of the header, little-endian
//   N bytes    the header: a JSON object, UTF-8, padded with spaces
//   the rest   the tensors' elements: row-major, little-endian, without holes between them
//
// The header has a member for each tensor, and may have one of texts about the file:
//
//   {"__metadata__": {"format": "pt"},
//    "dense/bias": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}
//
// Offsets count from the end of the header. There are no checksums: changed values are read as if
// they were right.
// Source: github.com/huggingface/safetensors, README.md, "Format".

/// The numbers and words of the format.
enum SafetensorsFormat {
  /// How many bytes the length of the header takes.
  static let lengthByteCount = 8
  /// The longest header: the reference implementation's limit.
  static let longestHeader: UInt64 = 100_000_000
  /// The header's length is a multiple of this, so that the elements are aligned.
  static let alignment = 8
  /// The header's member that is no tensor.
  static let metadataKey = "__metadata__"
}
