import CheckpointIO
import CheckpointStore
import Testing

/// Proves that a file belongs to the checkpoint whose name it would be given, and to no other.
@Suite struct CheckpointNamingTests {
  private static let numbers = [
    "0", "7", "07", "007", "10", "99999", "100000", "9223372036854775807", "9223372036854775808",
    "18446744073709551616", "", "-7", "+7", "7a", "٧",
  ]
  private static let endings = [
    "", ".index", ".data-00000-of-00001", ".data-00000-of-00001x", ".data-0000-of-00001",
    ".data-00000-of-0001", ".data-000000-of-100000", ".data-00000-or-00001", ".data-0000a-of-00001",
    ".meta", ".swift-checkpoints-lock", ".index.swift-checkpoints-tmp",
    ".data-00000-of-00001.swift-checkpoints-tmp", ".safetensors", ".safetensors.index",
    ".safetensors.swift-checkpoints-tmp", "-00000-of-00002", ".index.index", ".indexx", ".Index",
  ]

  @Test(arguments: ["ckpt", "a-1", "é", "ckpt-"], [0, 1, 2, 8])
  func `knows its files, and no others`(stem: String, padding: Int) throws {
    for format in [CheckpointFormat.v2, .safetensors] {
      let naming = try CheckpointNaming(stem, padding: padding, format: format)
      for number in Self.numbers {
        for ending in Self.endings {
          for name in [
            "\(stem)-\(number)\(ending)", "\(stem)\(number)\(ending)",
            "x\(stem)-\(number)\(ending)",
          ] {
            let expected = expectedPart(of: name, naming)
            let found = naming.part(ofFile: name)
            #expect(found?.number == expected?.number, "\(name), \(padding), \(format)")
            #expect(found?.part == expected?.part, "\(name), \(padding), \(format)")
          }
        }
      }
    }
  }

  // The names of a checkpoint are those that its number gives; what the name of a file says comes first.
  private func expectedPart(of name: String, _ naming: CheckpointNaming)
    -> (number: Int, part: CheckpointNaming.Part)?
  {
    switch CheckpointFileName(name) {
    case .index(let prefix): number(of: prefix, naming).map { ($0, .index) }
    case .data(let data): number(of: data.prefix, naming).map { ($0, .data) }
    case .lock(let target): number(of: target, naming).map { ($0, .other) }
    case .temporary(let target): expectedPart(of: target, naming).map { ($0.number, .other) }
    case .single: number(of: name, naming).map { ($0, .other) }
    default: nil
    }
  }

  private func number(of name: String, _ naming: CheckpointNaming) -> Int? {
    let candidates = [0, 7, 10, 99_999, 100_000, Int.max]
    return candidates.first { naming.name($0).utf8.elementsEqual(name.utf8) }
  }
}
