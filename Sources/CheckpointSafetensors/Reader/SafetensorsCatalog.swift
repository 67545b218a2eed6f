import CheckpointIO
import CheckpointTensors

/// The tensors of all files of a checkpoint, in byte order of their names.
struct SafetensorsCatalog {
  let tensors: [SafetensorsEntry]

  /// Puts the tensors of files together.
  ///
  /// - Parameters:
  ///   - files: The files.
  ///   - problems: Gets one for each name that occurs in two files.
  init(_ files: [SafetensorsFile], _ problems: inout [CheckpointError]) {
    guard files.count != 1 else {
      tensors = files[0].header.tensors
      return
    }
    var tensors: [SafetensorsEntry] = []
    tensors.reserveCapacity(files.reduce(0) { $0 + $1.header.tensors.count })
    for (number, file) in files.enumerated() {
      for var tensor in file.header.tensors {
        tensor.file = number
        tensors.append(tensor)
      }
    }
    tensors.sort { ($0.key, $0.file) < ($1.key, $1.file) }
    for (one, other) in zip(tensors, tensors.dropFirst()) where one.key == other.key {
      guard problems.count < ProblemList.limit else { break }
      problems.append(
        CheckpointError(
          .duplicateName,
          "'\(files[one.file].file.path)' has a tensor of this name too; remove it from one of them",
          file: files[other.file].file.path, key: one.key.description))
    }
    self.tensors = tensors
  }

  /// How many bytes all tensors take.
  var byteCount: UInt64 {
    tensors.reduce(0) { $0.adding($1.range.count) ?? .max }  // of the files
  }

  /// The tensor of a name.
  subscript(key: TensorKey) -> SafetensorsEntry? {
    var (low, high) = (0, tensors.count)
    while low < high {
      let middle = (low + high) / 2
      if tensors[middle].key < key { low = middle + 1 } else { high = middle }
    }
    guard low < tensors.count, tensors[low].key == key else { return nil }
    return tensors[low]
  }
}
