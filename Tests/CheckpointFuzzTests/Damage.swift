import CheckpointTestSupport

/// What happens to files: bits flip, parts go, come twice, or are those of other files.
enum Damage {
  /// One of several files, damaged a few times.
  static func done(to files: [[UInt8]], _ generator: inout SeededGenerator) -> [UInt8] {
    guard var bytes = files.randomElement(using: &generator) else { return [] }
    for _ in 0..<Int.random(in: 1...4, using: &generator) {
      damage(&bytes, files, &generator)
    }
    return bytes
  }

  private static func damage(
    _ bytes: inout [UInt8], _ files: [[UInt8]], _ generator: inout SeededGenerator
  ) {
    guard let place = bytes.indices.randomElement(using: &generator) else { return }
    let end = min(bytes.count, place + Int.random(in: 1...16, using: &generator))
    switch Int.random(in: 0..<6, using: &generator) {
    case 0: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
    case 1: bytes[place] = [0, 1, 0x7F, 0x80, 0xFF].randomElement(using: &generator) ?? 0
    case 2: bytes.removeSubrange(place..<end)
    case 3: bytes.insert(contentsOf: bytes[place..<end], at: place)
    case 4: bytes.removeSubrange(end...)
    default:
      let other = files.randomElement(using: &generator) ?? []
      bytes.replaceSubrange(place..<end, with: other.dropFirst(place).prefix(16))
    }
  }
}
