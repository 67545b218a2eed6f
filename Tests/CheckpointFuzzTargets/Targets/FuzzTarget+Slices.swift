import CheckpointIO
import CheckpointSlices
import CheckpointTensors
import CheckpointTestSupport

extension FuzzTarget {
  /// A file of V1: all tensors are listed and read, and those that can be read are written again.
  package static let slices = FuzzTarget("slices", mostBytes: 6 << 10, seeds: FuzzSeeds.slices) {
    bytes in
    let repaired = RepairedTable.bytes(bytes) ?? bytes
    var image = MemoryFileSystem.Image()
    image.files["/run/fuzz"] = repaired
    let fileSystem = MemoryFileSystem(image)
    _ = SlicesVerifier(try SlicesReader(path: "/run/fuzz", fileSystem: fileSystem)).verify()
    let reader = try SlicesReader(path: "/run/fuzz", fileSystem: fileSystem)
    try readAll(of: reader)
    try checkCopy(of: reader, in: fileSystem)
  }

  // TensorFlow could not read others, so they are not written.
  private static func hasName(_ entry: TensorEntry) -> Bool { entry.key.string?.isEmpty == false }

  private static func checkCopy(of reader: SlicesReader, in fileSystem: MemoryFileSystem) throws {
    var options = FileOptions()
    (options.fileSystem, options.durability) = (fileSystem, .none)
    var tensors: [(key: TensorKey, tensor: AnyTensor)] = []
    for entry in try reader.entries().prefix(mostTensors) where hasName(entry) {
      guard let tensor = try? reader.tensor(for: entry.key) else { continue }
      tensors.append((entry.key, tensor))
    }
    guard !tensors.isEmpty else { return }
    let copy = try promised("what was read of V1 is written, and read again") {
      var writer = try SlicesWriter(path: "/run/copy", options: options)
      for (key, tensor) in tensors { try writer.add(tensor, for: key) }
      try writer.finish()
      return try SlicesReader(path: "/run/copy", fileSystem: fileSystem)
    }
    for (key, tensor) in tensors {
      let copied = try promised("a written tensor is read") { try copy.tensor(for: key) }
      try promise(copied == tensor, "the tensor '\(key)' of V1 is read as another one")
    }
  }
}
