package import CheckpointIO
package import CheckpointTensors

// The index of a model in several safetensors files, `model.safetensors.index.json`:
//
//   {"metadata": {"total_size": 60},
//    "weight_map": {"dense/bias": "model-00001-of-00002.safetensors", …}}
//
// The files lie beside it, under any names. `total_size` counts the bytes of all tensors.
// Source: huggingface_hub, serialization/_torch.py, `save_torch_state_dict`; mlx_lm, utils.py, `save_model`.

/// What the index of a model in several files says.
package struct ModelIndex: Sendable {
  /// The names of the files, each once, in byte order.
  package private(set) var files: [String] = []
  /// Which tensor is in which file, in byte order of the names; none if only the files were asked for.
  package private(set) var tensors: [(key: TensorKey, file: Int)] = []
  /// How many bytes all tensors take together; `nil` if it does not say.
  package private(set) var totalSize: UInt64?
  /// The file that stood there before, and is of no use any more, if it is still there.
  package private(set) var replaces: String?

  /// What the name of an index ends in.
  package static let ending = ".safetensors.index.json"
  /// Says in `metadata` that the index stands for a file beside it: loaders would not know which is meant.
  static let replacesKey = "replaces"

  /// Reads an index.
  ///
  /// - Parameter file: The index, open.
  /// - Throws: `corrupt` if it is not what it should be, or names no file; `limitExceeded` if it is larger
  ///   than a header may be; `io` if the system fails.
  package init(_ file: any ReadableFile) throws(CheckpointError) {
    try self.init(file, keepsTensors: true)
  }

  /// Reads which files the index of a path names, and not which tensors they have; `nil` if there is no index,
  /// or if it is damaged: opening the model says how.
  ///
  /// - Throws: `io` if the system refuses.
  package init?(filesOf path: String, _ fileSystem: any FileSystem) throws(CheckpointError) {
    do throws(CheckpointError) {
      try self.init(fileSystem.openFile(path), keepsTensors: false)
    } catch  where !error.saysNothingOfContent {
      return nil
    }
  }

  private init(_ file: any ReadableFile, keepsTensors: Bool) throws(CheckpointError) {
    do throws(CheckpointError) {
      guard file.byteCount <= SafetensorsFormat.longestHeader else {
        throw CheckpointError(
          .limitExceeded,
          "an index of \(file.byteCount) bytes, at most \(SafetensorsFormat.longestHeader) are allowed"
        )
      }
      let text = try file.bytes(at: 0, count: Int(file.byteCount))  // within the limit
      try self.init(text: text.span, keepsTensors: keepsTensors)
    } catch {
      throw error.located(file: file.path)
    }
  }

  private init(text: Span<UInt8>, keepsTensors: Bool) throws(CheckpointError) {
    var json = try JSONScanner(text, subject: "index")
    var hasMap = false
    try json.forEachMember { json throws(CheckpointError) in
      let start = json.position
      let name = try json.readName()
      switch name {
      case "weight_map":
        guard !hasMap else { throw Self.repeated(name, at: start) }
        hasMap = true
        try readMap(&json, keepsTensors)
      case "metadata" where json.next == UInt8(ascii: "{"): try readMetadata(&json)
      default: try json.skipValue()
      }
    }
    json.skipSpace()
    guard json.next == nil else { throw json.unexpected("the end of the index") }
    guard hasMap else {
      throw CheckpointError(
        .corrupt, "this index has no 'weight_map', which says what tensor is in what file")
    }
    try sort()
  }

  private mutating func readMap(_ json: inout JSONScanner, _ keepsTensors: Bool)
    throws(CheckpointError)
  {
    var numbers: [FileName: Int] = [:]
    var last: (name: Range<Int>, number: Int)?  // most tensors are where the one before is
    try json.forEachMember { json throws(CheckpointError) in
      let key = keepsTensors ? TensorKey(bytes: try json.readNameBytes()) : nil
      if key == nil { try json.skipName() }
      let file = try readFile(&json, &numbers, &last)
      if let key { tensors.append((key, file)) }
    }
  }

  private mutating func readFile(
    _ json: inout JSONScanner, _ numbers: inout [FileName: Int],
    _ last: inout (name: Range<Int>, number: Int)?
  ) throws(CheckpointError) -> Int {
    guard let name = json.skipPlainString() else {
      return number(of: try json.readString(), &numbers)
    }
    if let last, json.hasSameBytes(name, last.name) { return last.number }
    let number = number(of: json.text(in: name), &numbers)
    last = (name, number)
    return number
  }

  private mutating func number(of text: String, _ numbers: inout [FileName: Int]) -> Int {
    let file = Self.plain(text)
    if let number = numbers[FileName(file)] { return number }
    numbers[FileName(file)] = files.count
    files.append(file)
    return files.count - 1
  }

  // One file has one name: `./a` and `b/./a` are `a` and `b/a`.
  private static func plain(_ name: String) -> String {
    guard name.utf8.contains(UInt8(ascii: "/")) else { return name }
    return name.split(separator: "/", omittingEmptySubsequences: false).filter { $0 != "." }
      .joined(separator: "/")
  }

  private mutating func readMetadata(_ json: inout JSONScanner) throws(CheckpointError) {
    try json.forEachMember { json throws(CheckpointError) in
      let start = json.position
      let name = try json.readName()
      switch name {
      case "total_size":
        guard totalSize == nil else { throw Self.repeated(name, at: start) }
        totalSize = try json.readSize()
      case Self.replacesKey where json.next == UInt8(ascii: "\""):
        replaces = try json.readString()
      default: try json.skipValue()
      }
    }
  }

  private mutating func sort() throws(CheckpointError) {
    let order = files.indices.sorted { FileName(files[$0]) < FileName(files[$1]) }
    var places = [Int](repeating: 0, count: files.count)
    for (place, number) in order.enumerated() { places[number] = place }
    files = order.map { files[$0] }
    tensors = tensors.map { ($0.key, places[$0.file]) }.sorted { $0.key < $1.key }
    for (one, other) in zip(tensors, tensors.dropFirst()) where one.key == other.key {
      throw Self.repeated(one.key.description, at: 0)
    }
  }

  private static func repeated(_ name: String, at offset: Int) -> CheckpointError {
    CheckpointError(.corrupt, "'\(name)' occurs twice", offset: UInt64(offset))
  }

  /// The names of the files that are in the index's directory, or below it.
  package var filesBeside: [String] { files.filter { !Self.leavesDirectory($0) } }

  /// The files that the other indexes in an index's directory name: they are not this model's alone.
  ///
  /// - Throws: `io` if the system refuses.
  package static func files(ofOthersThan path: String, _ fileSystem: any FileSystem)
    throws(CheckpointError) -> Set<FileName>
  {
    let place = Path(path)
    var files: Set<FileName> = []
    for name in try fileSystem.namesInDirectory(place.directory)
    where name.removing(suffix: ending) != nil && FileName(name) != FileName(place.name) {
      let other = try ModelIndex(filesOf: Path.join(place.directory, name), fileSystem)
      files.formUnion((other?.files ?? []).map(FileName.init))
    }
    return files
  }

  /// What is wrong with the names of the files: each has to be in the index's directory, or below it.
  ///
  /// - Parameter path: The index.
  /// - Returns: A problem for each name that leaves the directory; the first ones of many.
  func misplacedFiles(of path: String) -> [CheckpointError] {
    files.filter(Self.leavesDirectory).prefix(ProblemList.limit).map { name in
      CheckpointError(
        .corrupt,
        "this index names the file '\(name)', which is not in its directory: files of a model lie "
          + "beside its index", file: path)
    }
  }

  private static func leavesDirectory(_ name: String) -> Bool {
    let parts = name.split(separator: "/", omittingEmptySubsequences: false)
    return Path.isAbsolute(name) || name.utf8.contains(0)
      || parts.contains { ["", ".."].contains($0) }
  }
}

extension JSONScanner {
  // Some programs write it as a number with a fraction, `60.0`, or with an exponent.
  @_lifetime(self: copy self)
  fileprivate mutating func readSize() throws(CheckpointError) -> UInt64 {
    let start = position
    try skipValue()
    let number = (start..<position).map { bytes[$0] }.prefix { $0 > 0x20 }
    let text = String(decoding: number, as: UTF8.self)
    if let size = UInt64(text) ?? Double(text).flatMap({ UInt64(exactly: $0) }) { return size }
    throw CheckpointError(
      .corrupt, "'total_size' has to be a number of bytes", offset: UInt64(start))
  }
}
