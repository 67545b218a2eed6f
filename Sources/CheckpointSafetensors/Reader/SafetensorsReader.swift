package import CheckpointIO
package import CheckpointTensors

/// A safetensors file, or a model in several, open for reading.
///
///     let reader = try SafetensorsReader("model.safetensors")
///     let model = try SafetensorsReader("model.safetensors.index.json")
///     for entry in try reader.entries() { print(entry.key, entry.spec) }
///     let kernel = try Tensor<Float>(reader.tensor(for: "dense/kernel"))
///
/// Opening reads all headers and checks everything that they say, and of a model that its files and its
/// index fit together; values are read when they are asked for. The format has no checksums: a file whose
/// values were changed is read without an error.
///
/// Source: github.com/huggingface/safetensors.
package struct SafetensorsReader: TensorReader {
  /// A tensor whose element type is not read here.
  package struct UnsupportedTensor: Hashable, Sendable {
    /// The name.
    package let key: TensorKey
    /// The element type, as the file names it: `F8_E8M0`.
    package let typeName: String
    /// The dimensions.
    package let shape: TensorShape
    /// How many bytes the elements take.
    package let byteCount: UInt64
  }

  /// The file, the index, or the pattern of the parts.
  package let path: String
  let files: [SafetensorsFile]
  let catalog: SafetensorsCatalog
  private let index: PooledFile?
  /// How many bytes the index says that all tensors take, if that is wrong.
  let wrongSize: UInt64?

  /// Opens a file, or the index of a model in several files.
  ///
  /// - Throws: `notFound` if there is none, or if a file of the model is missing; `truncated` if a file ends
  ///   early; `corrupt` if a header is not what the format says, if tensors do not cover a file exactly, or if
  ///   an index does not say what its files have; `duplicateName` if two files have a tensor of the same
  ///   name; `limitExceeded` for a header of more than 100 MB, and for one nested too deep.
  package init(_ path: String) throws(CheckpointError) {
    try self.init(PathText.path(path), fileSystem: LocalFileSystem())
  }

  package init(_ path: String, fileSystem: any FileSystem) throws(CheckpointError) {
    if path.removing(suffix: ModelIndex.ending) != nil {
      self.init(path, try SafetensorsOpening(path, fileSystem).openIndexed())
    } else {
      try self.init(file: PooledFile(path, fileSystem: fileSystem))
    }
  }

  /// Opens the parts of a model that has no index.
  ///
  /// - Parameters:
  ///   - parts: The paths of all parts.
  ///   - path: What stands for all of them.
  ///   - fileSystem: Where.
  /// - Throws: As for an index.
  package init(parts: [String], path: String, fileSystem: any FileSystem) throws(CheckpointError) {
    self.init(path, try SafetensorsOpening(path, fileSystem).open(parts: parts))
  }

  package init(file: any ReadableFile) throws(CheckpointError) {
    var problems: [CheckpointError] = []  // one file has none
    let files = [try SafetensorsFile(file)]
    let catalog = SafetensorsCatalog(files, &problems)
    self.init(file.path, SafetensorsOpening.Opened(files: files, catalog: catalog))
  }

  private init(_ path: String, _ opened: SafetensorsOpening.Opened) {
    self.path = path
    (files, catalog, index) = (opened.files, opened.catalog, opened.index)
    wrongSize = opened.wrongSize
  }

  /// Whether a file begins as safetensors files do: with the length of a header, and a brace.
  ///
  /// A file that ends within its header counts as one: opening it reports the damage.
  ///
  /// - Throws: What reading throws.
  package static func recognizes(_ file: any ReadableFile) throws(CheckpointError) -> Bool {
    try SafetensorsFile.recognizes(file)
  }

  /// The number of files.
  package var shardCount: Int { files.count }

  /// Says of an error that a file was deleted or replaced meanwhile, if that is its cause.
  package func explained(_ error: CheckpointError) -> CheckpointError {
    guard error.maySayChange else { return error }
    return files.reduce(error) { known, file in
      known.isOutdated ? known : (file.file as? PooledFile)?.explained(known, path: path) ?? known
    }
  }

  /// The texts that the files have about themselves, `["format": "pt"]`.
  ///
  /// If several files have a text of the same name, that of the first file counts.
  package var metadata: NamedTexts {
    guard var texts = files.first?.header.metadata else { return [:] }
    for file in files.dropFirst() {
      for (name, text) in file.header.metadata.sorted { _ = texts.add(text, as: name) }
    }
    return texts
  }

  /// The tensors of element types that are not read here, in byte order of their names.
  ///
  /// ``forEachEntry(_:)`` passes over them; all others can be read.
  package var unsupportedTensors: [UnsupportedTensor] {
    catalog.tensors.filter { $0.dtype == nil }.map {
      UnsupportedTensor(
        key: $0.key, typeName: $0.typeName, shape: $0.shape, byteCount: $0.range.count)
    }
  }

  /// Calls `body` with every tensor that can be read, in byte order of the names.
  ///
  /// - Throws: What `body` throws.
  package func forEachEntry(_ body: (TensorEntry) throws(CheckpointError) -> Void)
    throws(CheckpointError)
  {
    for tensor in catalog.tensors where tensor.dtype != nil { try body(tensor.tensorEntry) }
  }

  /// What the file says of one tensor; `nil` if it has none of this name.
  ///
  /// - Throws: `unsupported` if its element type is not read here.
  package func entry(for key: TensorKey) throws(CheckpointError) -> TensorEntry? {
    do throws(CheckpointError) {
      return try catalog[key]?.tensorEntry
    } catch {
      throw error.located(file: path, key: key.description)
    }
  }

  /// The bytes of a tensor's elements in its file.
  func elements(of tensor: SafetensorsEntry) -> StoredElements {
    files[tensor.file].elements(of: tensor)
  }
}

extension SafetensorsReader: FileBackedReader {
  private var pooled: [PooledFile] {
    (index.map { [$0] } ?? []) + files.compactMap { $0.file as? PooledFile }
  }

  /// Closes the files until they are needed.
  package func closeFiles(keepsChecksum: Bool) {
    for file in pooled { file.close() }
  }

  /// What has become of the first file that is not what it was.
  package func change() throws(CheckpointError) -> FileChange? {
    for file in pooled {
      if let change = try file.change() { return change }
    }
    return nil
  }
}
