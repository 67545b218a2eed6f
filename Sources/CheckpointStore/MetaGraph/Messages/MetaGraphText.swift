import CheckpointIO
import CheckpointWire

/// A MetaGraphDef in protobuf's text form, as `export_meta_graph(as_text=True)` writes it.
///
///     meta_info_def {
///       tensorflow_version: "2.21.0"
///     }
///     graph_def {
///       node {
///         name: "save/SaveV2"
///
/// Source: tensorflow/core/protobuf/meta_graph.proto, and the messages in it.
enum MetaGraphText {
  /// Whether a file that begins so is a text: a message begins otherwise.
  static func isText(_ beginning: Span<UInt8>) -> Bool {
    var position = 0
    while position < beginning.count, isSpace(beginning[position]) { position += 1 }
    let rest = beginning.extracting(position..<beginning.count)
    if rest.count > 0, rest[0] == UInt8(ascii: "#") { return true }
    return names.contains { name in
      let utf8 = Array(name.utf8)
      return utf8.count <= rest.count && utf8.indices.allSatisfy { utf8[$0] == rest[$0] }
    }
  }

  private static func isSpace(_ byte: UInt8) -> Bool {
    byte == 0x20 || (0x09...0x0D).contains(byte)
  }

  // The fields of a MetaGraphDef.
  private static let names = [
    "meta_info_def", "graph_def", "saver_def", "collection_def", "signature_def", "asset_file_def",
    "object_graph_def",
  ]

  /// The message that a text stands for, as far as ``MetaGraphMessage`` and ``GraphIndex`` read it.
  ///
  /// - Throws: `corrupt`, with the offset, for a text of another form; `limitExceeded` if it is too long.
  static func message(_ text: Span<UInt8>) throws(CheckpointError) -> [UInt8] {
    var reader = try TextFormatReader(text, limit: mostBytes)
    return try reader.readMessage(metaGraph)
  }

  /// The longest text that is read, in bytes.
  static let mostBytes: UInt64 = 1 << 29

  // MARK: The messages

  private static let metaGraph = TextFields([
    "meta_info_def": (1, .message(info)),
    "graph_def": (2, .message(TextFields(["node": (1, .message(node))]))),
    "saver_def": (3, .message(saver)),
    "collection_def": (4, .message(entry(of: collection))),
  ])

  private static let info = TextFields([
    "tags": (4, .bytes), "tensorflow_version": (5, .bytes),
    "tensorflow_git_version": (6, .bytes),
  ])

  private static let saver = TextFields([
    "filename_tensor_name": (1, .bytes), "save_tensor_name": (2, .bytes),
    "restore_op_name": (3, .bytes), "max_to_keep": (4, .integer), "sharded": (5, .boolean),
    "keep_checkpoint_every_n_hours": (6, .float),
    "version": (7, .word(["LEGACY": 0, "V1": 1, "V2": 2])),
  ])

  private static let collection = TextFields([
    "bytes_list": (2, .message(TextFields(["value": (1, .bytes)])))
  ])

  private static let node = TextFields([
    "name": (1, .bytes), "op": (2, .bytes), "input": (3, .bytes),
    "attr": (5, .message(entry(of: attribute))),
  ])

  private static let attribute = TextFields([
    "list": (1, .message(TextFields(["type": (6, .word(dtypes)), "shape": (7, .message(shape))]))),
    "type": (6, .word(dtypes)),
    "shape": (7, .message(shape)),
    "tensor": (8, .message(TextFields(["string_val": (8, .bytes)]))),
  ])

  private static let shape = TextFields([
    "dim": (2, .message(TextFields(["size": (1, .integer)]))), "unknown_rank": (3, .boolean),
  ])

  // A map's entry.
  private static func entry(of value: TextFields) -> TextFields {
    TextFields(["key": (1, .bytes), "value": (2, .message(value))])
  }

  // Source: tensorflow/core/framework/types.proto, `DataType`; references have numbers from 101 on.
  private static let dtypes: [String: UInt64] = {
    let names = [
      "FLOAT", "DOUBLE", "INT32", "UINT8", "INT16", "INT8", "STRING", "COMPLEX64", "INT64", "BOOL",
      "QINT8", "QUINT8", "QINT32", "BFLOAT16", "QINT16", "QUINT16", "UINT16", "COMPLEX128", "HALF",
      "RESOURCE", "VARIANT", "UINT32", "UINT64", "FLOAT8_E5M2", "FLOAT8_E4M3FN",
      "FLOAT8_E4M3FNUZ", "FLOAT8_E4M3B11FNUZ", "FLOAT8_E5M2FNUZ", "INT4", "UINT4", "INT2", "UINT2",
      "FLOAT4_E2M1FN",
    ]
    var dtypes: [String: UInt64] = [:]
    for (index, name) in names.enumerated() {
      dtypes["DT_\(name)"] = UInt64(index + 1)
      dtypes["DT_\(name)_REF"] = UInt64(index + 101)
    }
    return dtypes
  }()
}
