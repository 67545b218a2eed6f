// What people give in the place of a checkpoint, and how it begins:
//
//   a pointer of Git LFS      "version https://git-lfs.github.com/spec/"
//   HTML                      "<!doctype html" or "<html", in letters of either case
//   gzip, xz, zstd, bzip2     1F 8B; FD "7zXZ" 00; 28 B5 2F FD; "BZh"
//   zip: PyTorch, npz, Keras  "PK" 03 04, then the name of the first member
//   7z                        "7z" BC AF 27 1C
//   AppleDouble               00 05 16 07: what macOS keeps of a file where the file system has no room for it
//   tar                       "ustar" behind 257 bytes
//   pickle: older PyTorch     80 02 to 80 05
//   NumPy                     93 "NUMPY"
//   HDF5                      89 "HDF" 0D 0A 1A 0A
//   GGUF                      "GGUF"
//   TensorFlow Lite           "TFL3" behind four bytes
//   an event file             a record of 8 + 4 bytes, whose message begins with a time: 09
//   a SavedModel              protobuf: field 1 is 1, field 2 is a message
//   ONNX                      protobuf: field 1 is 3 or more, field 2 the name of a producer
//   a frozen graph            protobuf: field 1 is a node, whose field 1 is its name, field 2 its operation
//   a graph as text           "node {" or "meta_info_def {"
//   a state file              "model_checkpoint_path:"
//
// Two are something only where a checkpoint is wanted, and may be anything elsewhere:
//
//   JSON                      "{" and a quotation mark or "}", "[" and a quotation mark or "{", and only text
//   zeros                     nothing else, as a download or a copy leaves that has reserved its room
//
// Sources: the formats' own specifications; github.com/git-lfs/git-lfs, docs/spec.md;
// tensorflow/core/lib/io/record_writer.h; tensorflow/core/framework/graph.proto;
// tensorflow/core/protobuf/saved_model.proto; github.com/onnx/onnx, onnx/onnx.proto; RFC 1740 (AppleDouble).

package import CheckpointIO

/// What a file is that is no checkpoint, by its first bytes.
package struct ForeignContent: Sendable, Hashable {
  /// What it is: "a pointer of Git LFS".
  package let what: String
  /// What to do about it.
  package let advice: String

  /// How many bytes are looked at, at most.
  package static let byteCount = 512

  /// Whether so much has been recognized that numbers hardly ever begin so: four bytes or more.
  package let isSure: Bool

  private init(_ what: String, _ advice: String, isSure: Bool = true) {
    (self.what, self.advice, self.isSure) = (what, advice, isSure)
  }

  /// A sentence of both.
  package var sentence: String { "this is \(what); \(advice)" }

  /// Looks at the beginning of a file.
  ///
  /// - Returns: `nil` for bytes that are none of these, which may be anything.
  package init?(_ start: [UInt8]) {
    guard !start.isEmpty else {
      self = .empty
      return
    }
    let found =
      Self.text(start) ?? Self.packed(start) ?? Self.archive(start) ?? Self.model(start)
      ?? Self.message(start)
    guard let found else { return nil }
    self = found
  }

  /// Looks at a file; `nil` as well if it cannot be read.
  package init?(of file: any ReadableFile) {
    guard let start = Self.start(of: file) else { return nil }
    self.init(start)
  }

  private static func start(of file: any ReadableFile) -> [UInt8]? {
    let count = Int(min(file.byteCount, UInt64(byteCount)))
    return try? file.bytes(at: 0, count: count)
  }

  /// Looks at the file of a path; `nil` as well if it is no file, cannot be read, or is a checkpoint's by
  /// its looks, be it damaged.
  package init?(at path: String, _ fileSystem: any FileSystem) {
    guard let file = Self.file(at: path, fileSystem) else { return nil }
    self.init(of: file)
  }

  /// Looks at the file of a path that somebody takes for a checkpoint's: as ``init(at:_:)``, and JSON and zeros
  /// are something as well.
  package init?(inPlaceOfCheckpoint path: String, _ fileSystem: any FileSystem) {
    guard let file = Self.file(at: path, fileSystem), let start = Self.start(of: file),
      let found = ForeignContent(start) ?? Self.json(start) ?? Self.zeros(start)
    else { return nil }
    self = found
  }

  private static func file(at path: String, _ fileSystem: any FileSystem) -> (any ReadableFile)? {
    guard (try? fileSystem.status(of: path))??.kind == .file,
      let file = try? fileSystem.openFile(path), (try? CheckpointFormat(of: file)) == .some(nil)
    else { return nil }
    return file
  }

  /// What Git LFS leaves in the place of a large file.
  package static let pointer = ForeignContent(
    "a pointer of Git LFS, not the file that it stands for",
    "fetch that with 'git lfs pull', or download it")
  /// A file without a byte.
  package static let empty = ForeignContent(
    "an empty file", "the copy or the download has failed: fetch it again")
  /// A state file, which is one where a checkpoint is wanted.
  package static let stateFile = ForeignContent(
    "the state file of a directory, which names checkpoints",
    "give the directory, for its latest checkpoint, or one of those that it names")

  /// `._model.safetensors`, which macOS puts beside `model.safetensors`.
  package static let appleDouble = ForeignContent(
    "what macOS keeps of another file (AppleDouble)",
    "give that file, whose name does not begin with '._', or remove this one")

  // MARK: The kinds

  private static func text(_ start: [UInt8]) -> ForeignContent? {
    if start.starts(with: "version https://git-lfs.github.com/spec/".utf8) { return .pointer }
    let trimmed = start.drop { [0x20, 0x09, 0x0A, 0x0D].contains($0) }
    let beginning = String(decoding: trimmed.prefix(24), as: UTF8.self).lowercased()
    if ["<!doctype html", "<html"].contains(where: beginning.hasPrefix) {
      return ForeignContent(
        "an HTML page", "a server has sent a page in the place of the file: download it again")
    }
    if beginning.hasPrefix("model_checkpoint_path:") {
      return .stateFile
    }
    if beginning.hasPrefix("node {") || beginning.hasPrefix("meta_info_def {") {
      return ForeignContent("a graph of TensorFlow as text", graphAdvice)
    }
    return nil
  }

  private static func json(_ start: [UInt8]) -> ForeignContent? {
    let isSpace: (UInt8) -> Bool = { [0x20, 0x09, 0x0A, 0x0D].contains($0) }
    let marks = Array(start.lazy.filter { !isSpace($0) }.prefix(2))
    let beginnings = ["{\"", "{}", "[{", "[\""].map { Array($0.utf8) }
    let isText = start.allSatisfy { $0 >= 0x20 || isSpace($0) }
    guard isText, beginnings.contains(marks) else { return nil }
    return ForeignContent(
      "a text in JSON",
      "if a server has sent it in the place of the file, it says why: read it, and download the file "
        + "again", isSure: false)
  }

  private static func zeros(_ start: [UInt8]) -> ForeignContent? {
    guard start.allSatisfy({ $0 == 0 }) else { return nil }
    return ForeignContent(
      "a file that begins with nothing but zeros",
      "the copy or the download has not come to its end: fetch it again", isSure: false)
  }

  private static let graphAdvice =
    "it has operations and no variables: give the checkpoint that was saved with it"

  private static func packed(_ start: [UInt8]) -> ForeignContent? {
    let kinds: [(name: String, magic: [UInt8])] = [
      ("gzip", [0x1F, 0x8B]), ("xz", [0xFD] + Array("7zXZ".utf8) + [0]),
      ("zstd", [0x28, 0xB5, 0x2F, 0xFD]), ("bzip2", Array("BZh".utf8)),
    ]
    return kinds.first { start.starts(with: $0.magic) }.map { kind in
      ForeignContent(
        "a file that \(kind.name) has compressed", "unpack it first", isSure: kind.magic.count >= 4)
    }
  }

  private static func archive(_ start: [UInt8]) -> ForeignContent? {
    if start.starts(with: AppleDouble.magic) { return .appleDouble }
    if start.starts(with: Array("7z".utf8) + [0xBC, 0xAF, 0x27, 0x1C]) {
      return ForeignContent("a 7z archive", "unpack it first")
    }
    if start.dropFirst(257).starts(with: "ustar".utf8) {
      return ForeignContent("a tar archive", "unpack it first")
    }
    guard start.starts(with: [0x50, 0x4B, 0x03, 0x04]) else { return nil }
    let name = Self.firstMember(of: start)
    if ["data.pkl", "/version", "/byteorder", ".format_version"].contains(where: name.hasSuffix) {
      return pyTorch
    }
    if name.hasSuffix(".npy") {
      return ForeignContent(
        "a zip archive of NumPy's arrays (npz)", "save them as safetensors with Python")
    }
    if ["metadata.json", "config.json", "model.weights.h5"].contains(name) {
      return ForeignContent(
        "a model of Keras 3 (.keras)",
        "load it with Keras, and save a checkpoint: tf.train.Checkpoint(model).write(path)")
    }
    return ForeignContent("a zip archive", "unpack it first")
  }

  // Behind the local header, whose bytes 26 and 27 say how long it is; without that, up to a NUL.
  private static func firstMember(of start: [UInt8]) -> String {
    guard start.count > 30 else { return "" }
    let count = Int(start[26]) | Int(start[27]) << 8
    let rest = start.dropFirst(30)
    let name = count > 0 ? rest.prefix(count) : rest.prefix { $0 != 0 }
    return String(decoding: name, as: UTF8.self)
  }

  private static let pyTorch = ForeignContent(
    "a file of PyTorch",
    "load it with Python, and save it as safetensors: save_file(state_dict, path)")

  private static func model(_ start: [UInt8]) -> ForeignContent? {
    if start.count > 2, start[0] == 0x80, (2...5).contains(start[1]), start[2] != 0 {
      return ForeignContent(
        "a pickle of Python, as older files of PyTorch are", pyTorch.advice, isSure: false)
    }
    if start.starts(with: [0x93] + Array("NUMPY".utf8)) {
      return ForeignContent("an array of NumPy (npy)", "save it as safetensors with Python")
    }
    if start.starts(with: [0x89] + Array("HDF".utf8) + [0x0D, 0x0A, 0x1A, 0x0A]) {
      return ForeignContent(
        "an HDF5 file, as Keras' older models and weights are",
        "load it with Keras, and save a checkpoint: tf.train.Checkpoint(model).write(path)")
    }
    if start.starts(with: "GGUF".utf8) {
      return ForeignContent(
        "a GGUF file of llama.cpp", "take the model's safetensors files, which it was made of")
    }
    if start.dropFirst(4).starts(with: "TFL3".utf8) {
      return ForeignContent(
        "a model of TensorFlow Lite", "give the checkpoint that it was converted from")
    }
    return nil
  }

  // MARK: Protobuf

  private static func message(_ start: [UInt8]) -> ForeignContent? {
    if isEventFile(start) {
      return ForeignContent(
        "an event file of TensorBoard", "it has summaries and no variables: give a checkpoint",
        isSure: false)
    }
    switch FieldStart(start[...]) {
    case .number(1, let version, let rest): return versioned(version, FieldStart(rest))
    case .bytes(1, let node, _): return frozenGraph(node)
    default: return nil
    }
  }

  // A record's length, its checksum, and a message whose first field is a double: the time.
  private static func isEventFile(_ start: [UInt8]) -> Bool {
    guard start.count > 24, start[12] == 0x09 else { return false }
    return start[0] >= 9 && start[1..<8].allSatisfy { $0 == 0 }
  }

  private static func versioned(_ version: UInt64, _ next: FieldStart?) -> ForeignContent? {
    guard case .bytes(2, let content, _) = next else { return nil }
    if version == 1, content.first == 0x0A {
      return ForeignContent(
        "the graph of a SavedModel",
        "give the SavedModel's directory, or its variables: 'variables/variables'", isSure: false)
    }
    let isName = !content.isEmpty && content.allSatisfy { (0x20..<0x7F).contains($0) }
    guard (3...20).contains(version), isName else { return nil }
    return ForeignContent(
      "a model of ONNX", "give the checkpoint or the safetensors file that it was exported from",
      isSure: false)
  }

  private static func frozenGraph(_ node: ArraySlice<UInt8>) -> ForeignContent? {
    guard case .bytes(1, let name, let rest) = FieldStart(node),
      case .bytes(2, let operation, _) = FieldStart(rest), !name.isEmpty, !operation.isEmpty,
      (name + operation).allSatisfy({ (0x21..<0x7F).contains($0) }),
      operation.first.map({ (0x41...0x5A).contains($0) }) == true
    else { return nil }
    return ForeignContent(
      "a graph of TensorFlow (GraphDef), as frozen models are",
      "give the checkpoint that it was frozen from", isSure: false)
  }
}
