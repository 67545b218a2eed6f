package import CheckpointTensors

extension TensorKey {
  /// What a person calls a tensor: of the variable of an object its path, else the key.
  package var nameOfVariable: ArraySlice<UInt8> {
    guard let path = CheckpointKey.path(ofVariable: bytes), !path.isEmpty else { return bytes[...] }
    return path
  }
}
