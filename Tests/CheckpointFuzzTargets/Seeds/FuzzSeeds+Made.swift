import CheckpointIO
import CheckpointMapping
import CheckpointSafetensors
import CheckpointTensors

// What TensorFlow has no files of.
extension FuzzSeeds {
  /// Streams of Snappy with every kind of element.
  static func streams() -> [[UInt8]] {
    [
      [0],
      [5, 0x10, 1, 2, 3, 4, 5],
      // 4 literal bytes; 8 from 4 back by two bytes of distance; 4 by one byte.
      [16, 0x0C, 1, 2, 3, 4, 0x1E, 4, 0, 0x01, 3],
      // 1 byte, and 64 times the same by four bytes of distance.
      [65, 0x00, 7, 0xFF, 1, 0, 0, 0],
      [62, 0xF0, 61] + [UInt8](repeating: 9, count: 62),
    ]
  }

  private static func tensor(_ dtype: DType, _ shape: [Int]) throws -> AnyTensor {
    try AnyTensor(TensorSpec(dtype, TensorShape(shape))) { bytes throws(CheckpointError) in
      for offset in 0..<bytes.byteCount {
        bytes.storeBytes(of: UInt8(offset & 1), toByteOffset: offset, as: UInt8.self)
      }
    }
  }

  /// Files of safetensors, and headers alone.
  static func headers() throws -> [[UInt8]] {
    var encoder = SafetensorsEncoder(metadata: ["format": "pt", "é\n": "\u{1F600}"])
    for (number, dtype) in [DType.float32, .bool, .int64, .bfloat16, .float8E5M2].enumerated() {
      try encoder.add(tensor(dtype, [2, number]), for: TensorKey("t/\(number)"), part: nil)
    }
    let file = try encoder.finish()
    let words = """
      {"__metadata__":{"a":"b"},"w":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]},\
      "x":{"dtype":"F4","shape":[4],"data_offsets":[16,18]},\
      "y":{"shape":[],"data_offsets":[18,18],"dtype":"F8_E8M0"}}
      """
    let texts = [#"{"a":{"dtype":"U8","shape":[3],"data_offsets":[0,3]}}"#, "{}", words]
    return [file, Array(file.dropFirst(8))] + texts.map { Array($0.utf8) }
  }

  /// The files beside the index of a model, by their names.
  static func modelFiles() throws -> [String: [UInt8]] { try cachedModelFiles.get() }

  private static let cachedModelFiles = Result {
    var files: [String: [UInt8]] = [:]
    for (name, key) in [("a.safetensors", "x"), ("model-00001-of-00002.safetensors", "y")] {
      var encoder = SafetensorsEncoder(metadata: [:])
      try encoder.add(tensor(.float32, [2]), for: TensorKey(key), part: nil)
      files[name] = try encoder.finish()
    }
    return files
  }

  /// Indexes of models in several files.
  static func modelIndexes() -> [[UInt8]] {
    [
      #"{"metadata":{"total_size":16},"weight_map":{"x":"a.safetensors","#
        + #""y":"model-00001-of-00002.safetensors"}}"#,
      #"{"metadata":{"total_size":1.6e1,"replaces":"model.safetensors","more":[null,true]},"#
        + #""weight_map":{"x":"./a.safetensors"},"other":{"deep":[[1]]}}"#,
      #"{"weight_map":{"\u0078":"..\/a.safetensors","z":"b/c.safetensors"}}"#,
    ].map { Array($0.utf8) }
  }

  /// The rules of the sets that come with the library, and a mapping with every kind of rule.
  static func mappings() -> [[UInt8]] {
    let every = """
      [{"rename": {"a": "x", "b": "y"}}, {"assign": {"c/w": "w"}}, {"prefix": "c/", "to": "e/"},
       {"drop": {"name": "d_0"}}, {"keep": {"all": true}}, {"prefer": "/ema"},
       {"transpose": [1, 0], "of": {"suffix": "x"}}, {"reshape": [3, -1], "of": {"name": "y"}}]
      """
    let parts = """
      [{"replace": {"regex": "^(\\\\w)$"}, "with": "m/$1"}, {"squeeze": [0], "of": {"name": "d_0"}},
       {"split": "a", "axis": 0, "into": ["p", "q"], "lengths": [1, 1]},
       {"stack": ["p", "q"], "axis": 1, "into": "r"}, {"convert": "float16", "of": {"prefix": "c"}},
       {"concatenate": ["b", "b"], "axis": 0, "into": "bb"}, {"slice": "0,1:-", "of": {"name": "bb"}}]
      """
    return KeyMapping.RuleSet.all.map { Array($0.json.utf8) }
      + [every, parts].map { Array($0.utf8) }
  }

  /// Histories of managers; their checksums are wrong.
  static func histories() -> [[UInt8]] {
    [
      #"{"crc32c":"00000000","history":{"checkpoints":[],"highest":0,"saving":[],"version":1}}"#,
      #"{"crc32c":"5e1f3a90","history":{"checkpoints":[{"damaged":false,"metrics":{"loss":0.25,"#
        + #""acc":"nan"},"name":"ckpt-7","pinned":true,"preserved":true,"step":7,"time":1.6e9}],"#
        + #""highest":8,"last_preserved":1600000000.5,"saving":[{"entry":{"damaged":false,"#
        + #""metrics":{},"name":"ckpt-8","pinned":false,"preserved":false,"time":2},"#
        + #""replaced_index":4294967295}],"since":-1,"version":1}}"#,
    ].map { Array($0.utf8) }
  }

  /// Notes in lock files.
  static func notes() -> [[UInt8]] {
    let dataFiles = SaveNote.DataFiles(newCount: 2, replacedCounts: [1, 3])
    let model = SaveNote.model(
      files: [".safetensors.index.json"], superfluous: ["model.safetensors"])
    let notes = [
      .file, .index, .bundle(dataFiles), .slices(count: 3), .slices(count: 2).naming,
      .removal(ofDataFiles: 1), model,
    ]
    let old = "swift-checkpoints save\nkeeps 2\nreplaces 1\n"
    return notes.map(\.bytes) + [Array(old.utf8)]
  }

  /// Names of the files of a directory.
  static func fileNames() -> [[UInt8]] {
    [
      "checkpoint\nckpt-7.index\nckpt-7.data-00000-of-00001\nckpt-7.meta\nckpt.history.json\n"
        + "ckpt-8.index.swift-checkpoints-tmp\nckpt-8.swift-checkpoints-lock",
      "model-00001-of-00002.safetensors\nmodel-00002-of-00002.safetensors\nmodel.safetensors\n"
        + "model.safetensors.index.json",
      "m-3-00000-of-00002\nm-3-00001-of-00002\nmodel.ckpt\nmodel.ckpt-9\nmodel.ckpt-10\nckpt-1_temp",
      "m.data-00000-of-00001.tempstate1234567890\ncheckpoint.tmp0123456789abcdef\n.index\n-7",
    ].map { Array($0.utf8) }
  }

  /// What the files of a directory may hold.
  static func contents() throws -> [[UInt8]] { try cachedContents.get() }

  private static let cachedContents = Result {
    let table = try tables().filter { $0.count < 512 }.prefix(1)
    let file = try slices().filter { $0.count < 1024 }.prefix(1)
    let header = try headers().prefix(1)
    let others: [[UInt8]] = [[], Array("text".utf8)]
    return Array(table) + file + header + others + modelIndexes().prefix(2)
  }
}
