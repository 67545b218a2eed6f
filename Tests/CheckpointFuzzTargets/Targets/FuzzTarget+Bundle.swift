import CheckpointBundle
import CheckpointIO
import CheckpointTable
import CheckpointTensors
import CheckpointTestSupport

extension FuzzTarget {
  /// The index of a bundle: all tensors are listed and read, and the entries written again.
  package static let bundleIndex = FuzzTarget(
    "bundle", mostBytes: 6 << 10, seeds: FuzzSeeds.tables
  ) { bytes in
    let repaired = RepairedTable.bytes(bytes) ?? bytes
    // A whole verification has threads, which take longer than all the rest: one in eight will do.
    let verifier = BundleVerifier(try open(repaired))
    _ = bytes.count.isMultiple(of: 8) ? verifier.verify() : verifier.verifyPlaces()
    try readAll(of: open(repaired))
    let fitting = try rewritten(repaired)
    let (reader, copy) = (
      try open(repaired), try promised("an index is read") { try open(fitting) }
    )
    let entries = try reader.entries()
    let copied = try promised("a written index is listed") { try copy.entries() }
    try promise(copied == entries, "the index of \(entries.count) tensors is read as another one")
    for entry in try copy.entries().prefix(mostTensors) { try checkValues(of: entry, in: copy) }
  }

  /// How many tensors of a list are read.
  static let mostTensors = 32

  /// Reads whole tensors, and a part of each; whatever is wrong with them is no matter.
  static func readAll(of reader: some TensorReader) throws {
    for entry in try reader.entries().prefix(mostTensors) {
      _ = try? reader.entry(for: entry.key)
      _ = try? reader.tensor(for: entry.key)
      let extents = entry.spec.shape.dimensions.map {
        TensorSlice.Extent.range(start: 0, length: min(1, $0))
      }
      _ = try? reader.tensor(for: entry.key, slice: TensorSlice(extents))
      for slice in entry.slices.prefix(2) { _ = try? reader.tensor(for: entry.key, slice: slice) }
    }
  }

  private static func open(_ index: [UInt8]) throws(CheckpointError) -> BundleReader {
    try BundleReader(prefix: "/run/fuzz", fileSystem: fileSystem(index))
  }

  private static func fileSystem(_ index: [UInt8]) -> MemoryFileSystem {
    var image = MemoryFileSystem.Image()
    image.files["/run/fuzz.index"] = index
    // Whatever the index says of their number, the first ones are there.
    for name in ["00000-of-00001", "00000-of-00002", "00001-of-00002"] {
      image.files["/run/fuzz.data-\(name)"] = data
    }
    return MemoryFileSystem(image)
  }

  // Small numbers: lengths of strings among others.
  private static let data = (0..<4096).map { UInt8($0 % 3) }

  // The index with entries that were read and written, and have the checksums that the data has.
  private static func rewritten(_ index: [UInt8]) throws -> [UInt8] {
    var entries = try TableEntry.all(of: TableReader(BytesFile(index, path: "fuzz.index")))
    for number in entries.indices where !entries[number].key.isEmpty {
      let value = entries[number].value
      var entry = try BundleEntry(message: value.span)
      let message = message(entry)
      let copy = try promised("an entry is read") { try BundleEntry(message: message.span) }
      try promise(copy == entry, "the entry \(entry) is read as \(copy)")
      if let end = entry.range.end, end <= data.count {
        let bytes = Array(data[Int(entry.range.offset)..<Int(end)])
        entry.maskedCRC = unsafe CRC32C(of: bytes.span.bytes).masked
      }
      entries[number].value = self.message(entry)
    }
    return try promised("an index is written") { try TableEntry.table(entries) }
  }

  private static func message(_ entry: BundleEntry) -> [UInt8] {
    var writer = ByteWriter()
    entry.write(to: &writer)
    return writer.bytes
  }

  // A tensor that is stored whole has the bytes that stand in the data file.
  private static func checkValues(of entry: TensorEntry, in reader: BundleReader) throws {
    guard let tensor = try? reader.tensor(for: entry.key) else { return }
    try promise(tensor.spec == entry.spec, "\(entry.spec) is read as \(tensor.spec)")
    guard let storage = tensor.storage, !entry.spec.shape.dimensions.isEmpty else { return }
    var memory = TensorStorage(uninitializedByteCount: storage.byteCount)
    try promised("a tensor is read once more") {
      try memory.withMutableBytes { bytes throws(CheckpointError) in
        try reader.read(entry.key, slice: nil, into: &bytes)
      }
    }
    let again = try AnyTensor(entry.spec, .bytes(memory))
    memory = storage
    try promise(again == tensor, "a tensor \(entry.spec) is read in two ways, and is not the same")
  }
}
