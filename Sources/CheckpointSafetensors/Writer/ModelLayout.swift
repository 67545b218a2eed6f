import CheckpointIO
import CheckpointTensors

/// How tensors are spread over the files of a model, and what its index says.
///
/// The files take the tensors in their order; a new one begins where the next tensor would make it larger than
/// it may be. A tensor that is larger by itself has a file of its own.
/// Source: huggingface_hub, serialization/_base.py, `split_state_dict_into_shards_factory`.
struct ModelLayout {
  /// What each file has.
  let files: [SafetensorsLayout]
  /// How many bytes all tensors take together.
  let totalSize: UInt64

  /// A tensor to be laid out.
  typealias Spec = (key: TensorKey, type: SafetensorsDType, shape: TensorShape)

  /// Lays out tensors.
  ///
  /// - Parameters:
  ///   - specs: The tensors.
  ///   - fileByteCount: How many bytes of tensors a file has at most; `nil` for one file.
  ///   - metadata: Texts that each file says about itself.
  /// - Throws: `limitExceeded` if a header gets longer than readers accept, or if the tensors are larger than
  ///   any file.
  init(_ specs: [Spec], fileByteCount: UInt64?, metadata: NamedTexts) throws(CheckpointError) {
    var files: [SafetensorsLayout] = []
    var start = 0  // of the tensors of a file
    var (size, total): (UInt64, UInt64) = (0, 0)
    for (index, spec) in specs.enumerated() {
      let count = SafetensorsLayout.byteCount(spec.type, spec.shape) ?? .max
      if let fileByteCount, size > 0, size.adding(count) ?? .max > fileByteCount {
        files.append(try SafetensorsLayout(specs[start..<index], metadata: metadata))
        (start, size) = (index, 0)
      }
      size = size.adding(count) ?? .max
      total = total.adding(count) ?? .max
    }
    files.append(try SafetensorsLayout(specs[start...], metadata: metadata))
    (self.files, totalSize) = (files, total)
  }

  /// The text of the index.
  ///
  /// - Parameters:
  ///   - names: The names of the files.
  ///   - replaced: The single file that stood there before, and goes after the index has come.
  /// - Returns: The text, as huggingface_hub writes it.
  func index(_ names: [String], replacing replaced: String?) -> [UInt8] {
    var map: [(key: TensorKey, file: String)] = []
    for (name, file) in zip(names, files) { map += file.tensors.map { ($0.key, name) } }
    map.sort { $0.key < $1.key }
    var json = JSONText()
    json.append("{\n  \"metadata\": {\n")
    if let replaced {
      json.append("    \"\(ModelIndex.replacesKey)\": ")
      json.append(string: replaced.utf8)
      json.append(",\n")
    }
    json.append("    \"total_size\": \(totalSize)\n  },\n  \"weight_map\": {")
    json.append(map, separator: ",") { json, tensor in
      json.append("\n    ")
      json.append(string: tensor.key.bytes)
      json.append(": ")
      json.append(string: tensor.file.utf8)
    }
    json.append(map.isEmpty ? "}\n}\n" : "\n  }\n}\n")
    return json.bytes
  }
}
