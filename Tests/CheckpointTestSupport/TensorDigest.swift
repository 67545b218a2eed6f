package import CheckpointTensors

extension AnyTensor {
  /// The elements as files would hold them on their own: numbers little-endian; of a string its
  /// length in 8 bytes, then its bytes.
  package var plainBytes: [UInt8] {
    switch contents {
    case .bytes(let storage):
      let bytes = storage.bytes
      return (0..<bytes.byteCount).map {
        unsafe bytes.unsafeLoad(fromByteOffset: $0, as: UInt8.self)
      }
    case .strings(let elements):
      return elements.flatMap { element in
        (0..<8).map { UInt8(truncatingIfNeeded: element.count >> (8 * $0)) } + element
      }
    }
  }

  /// The digest that a fixture's manifest and the TensorFlow judge give.
  package var sha256: String { SHA256.digest(of: plainBytes) }
}
