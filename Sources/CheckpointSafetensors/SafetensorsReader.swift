package import CheckpointIO
package import CheckpointTensors

/// A safetensors file, open for reading.
///
///     let reader = try SafetensorsReader("model.safetensors")
///     for entry in try reader.entries() { print(entry.key, entry.spec) }
///     let kernel = try Tensor<Float>(reader.tensor(for: "dense/kernel"))
///
/// Opening reads the header and checks all of it; values are read when they are asked for. The format
/// has no checksums: a file whose values were changed is read without an error.
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

  /// The file.
  package let path: String
  let header: SafetensorsHeader
  private let file: any ReadableFile
  private let elementsOffset: UInt64  // where the elements begin, in the file

  /// Opens a file.
  ///
  /// - Throws: `notFound` if there is none; `truncated` if it ends early; `corrupt` if its header is
  ///   not what the format says, if a name occurs twice, or if the tensors do not cover the file
  ///   exactly; `limitExceeded` for a header of more than 100 MB, and for one nested too deep.
  package init(_ path: String) throws(CheckpointError) {
    try self.init(PathText.path(path), fileSystem: LocalFileSystem())
  }

  package init(_ path: String, fileSystem: any FileSystem) throws(CheckpointError) {
    try self.init(file: PooledFile(path, fileSystem: fileSystem))
  }

  package init(file: any ReadableFile) throws(CheckpointError) {
    do throws(CheckpointError) {
      let text = try Self.readHeader(of: file)
      elementsOffset = UInt64(SafetensorsFormat.lengthByteCount + text.count)
      do throws(CheckpointError) {
        header = try SafetensorsHeader(text: text.span)
      } catch {
        throw error.shifted(by: UInt64(SafetensorsFormat.lengthByteCount))
      }
      try header.checkCoverage(of: file.byteCount - elementsOffset)  // the header was read from it
    } catch {
      throw error.located(file: file.path)
    }
    path = file.path
    self.file = file
  }

  /// Whether a file begins as safetensors files do: with the length of a header, and a brace.
  ///
  /// One that ends within its header counts: opening it says so.
  ///
  /// - Throws: What reading throws.
  package static func recognizes(_ file: any ReadableFile) throws(CheckpointError) -> Bool {
    let lengthByteCount = UInt64(SafetensorsFormat.lengthByteCount)
    guard file.byteCount > lengthByteCount else { return false }
    let start = try file.bytes(at: 0, count: Int(lengthByteCount) + 1)
    var reader = ByteReader(start.span)
    let count = try reader.readUInt64()
    let isPossible =
      count <= max(SafetensorsFormat.longestHeader, file.byteCount - lengthByteCount)
    return isPossible && start.last == UInt8(ascii: "{")
  }

  private static func readHeader(of file: any ReadableFile) throws(CheckpointError) -> [UInt8] {
    let lengthByteCount = UInt64(SafetensorsFormat.lengthByteCount)
    guard file.byteCount >= lengthByteCount else {
      throw CheckpointError(
        .truncated,
        "\(file.byteCount) bytes are no safetensors file: it begins with its header's length")
    }
    let lengthBytes = try file.bytes(at: 0, count: SafetensorsFormat.lengthByteCount)
    var reader = ByteReader(lengthBytes.span)
    let count = try reader.readUInt64()
    guard count <= SafetensorsFormat.longestHeader else {
      throw CheckpointError(
        .limitExceeded,
        "a header of \(count) bytes, at most \(SafetensorsFormat.longestHeader) are allowed; is this "
          + "a safetensors file?", offset: 0)
    }
    try ByteRange(offset: lengthByteCount, count: count)
      .checked(within: file.byteCount, what: "the header")
    return try file.bytes(at: lengthByteCount, count: Int(count))  // within the limit
  }

  /// Says of an error that the file was deleted or replaced meanwhile, if that is its cause.
  package func explained(_ error: CheckpointError) -> CheckpointError {
    (file as? PooledFile)?.explained(error, path: path) ?? error
  }

  /// The texts that the file has about itself: `["format": "pt"]`.
  package var metadata: [String: String] { header.metadata }

  /// The tensors of element types that are not read here, in byte order of their names.
  ///
  /// ``forEachEntry(_:)`` passes over them; all others can be read.
  package var unsupportedTensors: [UnsupportedTensor] {
    header.tensors.filter { $0.dtype == nil }.map {
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
    for tensor in header.tensors where tensor.dtype != nil { try body(tensor.tensorEntry) }
  }

  /// What the file says of one tensor; `nil` if it has none of this name.
  ///
  /// - Throws: `unsupported` if its element type is not read here.
  package func entry(for key: TensorKey) throws(CheckpointError) -> TensorEntry? {
    do throws(CheckpointError) {
      return try header[key]?.tensorEntry
    } catch {
      throw error.located(file: path, key: key.description)
    }
  }

  /// The bytes of a tensor's elements in the file.
  func elements(of tensor: SafetensorsEntry) -> StoredElements {
    // The file holds the range: it was checked at opening.
    StoredElements(file: file, start: elementsOffset + tensor.range.offset)
  }
}

extension SafetensorsReader: FileBackedReader {
  /// Closes the file until it is needed.
  package func closeFiles(keepsChecksum: Bool) { (file as? PooledFile)?.close() }

  /// What has become of the file.
  package func change() throws(CheckpointError) -> FileChange? {
    try (file as? PooledFile)?.change()
  }
}
