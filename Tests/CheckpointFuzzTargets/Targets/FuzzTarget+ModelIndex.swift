import CheckpointIO
import CheckpointSafetensors
import CheckpointStore
import CheckpointTensors
import CheckpointTestSupport

extension FuzzTarget {
  /// The index of a model in several files, beside two files: the model is opened, the index written again.
  package static let modelIndex = FuzzTarget(
    "modelindex", mostBytes: 2048, seeds: FuzzSeeds.modelIndexes
  ) { bytes in
    let index = try ModelIndex(BytesFile(bytes, path: "/run/model.safetensors.index.json"))
    let text = text(of: index)
    let copy = try promised("a written index is read") {
      try ModelIndex(BytesFile(text, path: "/run/copy.safetensors.index.json"))
    }
    let isSame =
      copy.files == index.files && copy.totalSize == index.totalSize
      && copy.replaces == index.replaces && copy.tensors.elementsEqual(index.tensors, by: ==)
    try promise(isSame, "an index of \(index.tensors.count) tensors is read as another one")
    try openModel(bytes, index)
  }

  private static func openModel(_ bytes: [UInt8], _ index: ModelIndex) throws {
    var image = MemoryFileSystem.Image()
    image.files["/run/model.safetensors.index.json"] = bytes
    for (name, file) in try FuzzSeeds.modelFiles() { image.files["/run/\(name)"] = file }
    let fileSystem = MemoryFileSystem(image)
    let listing = try DirectoryListing(of: "/run", fileSystem: fileSystem)
    _ = try (listing.checkpoints(), listing.model(), CommittedFiles(of: "/run", fileSystem))
    let path = "/run/model.safetensors.index.json"
    let reader = try SafetensorsReader(path, fileSystem: fileSystem)
    try promise(index.filesBeside == index.files, "a model is opened that leaves its directory")
    try readAll(of: reader)
  }

  private static func text(of index: ModelIndex) -> [UInt8] {
    var json = JSONText()
    json.append("{\"metadata\": {")
    var metadata: [String] = []
    if let size = index.totalSize { metadata.append("\"total_size\": \(size)") }
    json.append(metadata.joined())
    if let replaced = index.replaces {
      json.append(metadata.isEmpty ? "\"replaces\": " : ", \"replaces\": ")
      json.append(string: replaced.utf8)
    }
    json.append("}, \"weight_map\": {")
    json.append(index.tensors, separator: ", ") { json, tensor in
      json.append(string: tensor.key.bytes)
      json.append(": ")
      json.append(string: index.files[tensor.file].utf8)
    }
    json.append("}}")
    return json.bytes
  }
}
