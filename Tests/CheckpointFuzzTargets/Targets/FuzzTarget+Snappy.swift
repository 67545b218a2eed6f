import CheckpointIO
import CheckpointTable

extension FuzzTarget {
  /// A Snappy stream: what it gives is put into one again.
  package static let snappy = FuzzTarget("snappy", mostBytes: 1024, seeds: FuzzSeeds.streams) {
    bytes in
    let output = try Snappy.decode(bytes.span, limit: 1 << 20)
    try promise(output.count <= 22 * bytes.count + 64, "a stream gives \(output.count) bytes")
    let literals = stream(ofLiterals: output)
    let copy = try promised("a stream is read") { try Snappy.decode(literals.span) }
    try promise(copy == output, "a stream of literals gives other bytes")
    for limit in [output.count - 1, 0] where limit >= 0 && limit < output.count {
      let isRefused = (try? Snappy.decode(bytes.span, limit: limit)) == nil
      try promise(isRefused, "\(output.count) bytes are given, the limit is \(limit)")
    }
  }

  // Literals of 60 bytes at most, whose length stands in their tag.
  private static func stream(ofLiterals output: [UInt8]) -> [UInt8] {
    var writer = ByteWriter()
    writer.write(varint: UInt64(output.count))
    for start in stride(from: 0, to: output.count, by: 60) {
      let literal = Array(output[start..<min(start + 60, output.count)])
      writer.write(byte: UInt8((literal.count - 1) << 2))
      writer.write(literal)
    }
    return writer.bytes
  }
}
