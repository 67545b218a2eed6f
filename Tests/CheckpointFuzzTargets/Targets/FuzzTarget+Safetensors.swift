import CheckpointIO
import CheckpointSafetensors
import CheckpointTensors
import CheckpointTestSupport

extension FuzzTarget {
  /// A safetensors header, and a file: all tensors are read and written again.
  package static let safetensorsHeader = FuzzTarget(
    "safetensors", mostBytes: 2048, seeds: FuzzSeeds.headers
  ) { bytes in
    do {
      try checkFile(file(header: bytes))  // with as many elements as it says
    } catch is CheckpointError {
      try checkFile(bytes)
    }
  }

  private static func checkFile(_ bytes: [UInt8]) throws {
    let reader = try SafetensorsReader(file: BytesFile(bytes, path: "fuzz.safetensors"))
    try readAll(of: reader)
    let entries = try reader.entries()
    var encoder = SafetensorsEncoder(metadata: reader.metadata)
    for entry in entries {
      let tensor = try promised("a tensor is read") { try reader.tensor(for: entry.key) }
      try promise(tensor.spec == entry.spec, "\(entry.spec) is read as \(tensor.spec)")
      try promised("a tensor is written") { try encoder.add(tensor, for: entry.key, part: nil) }
    }
    let text = try promised("a file is written") { try encoder.finish() }
    let copy = try promised("a written file is read") {
      try SafetensorsReader(file: BytesFile(text, path: "copy.safetensors"))
    }
    try promise(copy.metadata == reader.metadata, "the metadata is read as another one")
    for entry in entries {
      let (one, other) = (try reader.tensor(for: entry.key), try copy.tensor(for: entry.key))
      try promise(one == other, "the tensor '\(entry.key)' is read as another one")
    }
  }

  private static func file(header: [UInt8]) -> [UInt8] {
    var writer = ByteWriter()
    writer.write(UInt64(header.count))
    writer.write(header)
    writer.write([UInt8](repeating: 0, count: elementByteCount(header)))
    return writer.bytes
  }

  // The largest end of a tensor that the text may have: a number, then `]`.
  private static func elementByteCount(_ header: [UInt8]) -> Int {
    var most = 0
    for end in header.indices where header[end] == UInt8(ascii: "]") {
      let digits = header[..<end].suffix(6).reversed().prefix { (0x30...0x39).contains($0) }
      let number = Int(String(decoding: digits.reversed(), as: UTF8.self)) ?? 0
      if header[..<(end - digits.count)].last == UInt8(ascii: ",") { most = max(most, number) }
    }
    return min(most, 1 << 16)
  }
}
