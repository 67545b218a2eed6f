import CheckpointBundle
import CheckpointIO
import CheckpointTable
import CheckpointTensors
import CheckpointTestSupport
import Foundation
import Testing

/// Proves that damage leads to an error or to the values that were saved, and never to the end of
/// the process.
@Suite struct DamagedBundleTests {
  private static let isLong =
    ProcessInfo.processInfo.environment["CHECKPOINTS_LONG_TESTS"] != nil
  private static let small = ["worked/sliced", "worked/two_tensors", "strings/scalar"]
  // An index and a data file of 1 KB, of all types.
  private static let flipped = TestCases.areAll ? small + ["bigendian/all"] : small

  @Test(.timeLimit(.minutes(20)), arguments: flipped)
  func `finds every flipped bit`(name: String) throws {
    let original = try BundleFiles(copying: fixture(name))
    let contents = try original.contents()
    for (file, bytes) in original.files {
      for position in bytes.indices {
        for bit in 0..<8 {
          var damaged = original
          damaged.files[file]?[position] ^= 1 << bit
          guard let found = try? damaged.contents() else { continue }
          #expect(found.isPart(of: contents), "\(file), byte \(position), bit \(bit)")
          if file.contains(".data") { #expect(found != contents, "\(file), byte \(position)") }
        }
      }
    }
  }

  @Test(.timeLimit(.minutes(20)), arguments: small + ["sharded/three"])
  func `finds every cut and every added byte`(name: String) throws {
    let original = try BundleFiles(copying: fixture(name))
    let contents = try original.contents()
    for (file, bytes) in original.files {
      for count in bytes.indices {
        var damaged = original
        damaged.files[file] = Array(bytes.prefix(count))
        let found = try? damaged.contents()
        if file.contains(".data") {
          #expect(found != contents && found?.isPart(of: contents) == true, "\(file) \(count)")
        } else {
          #expect(found == nil, "\(file), \(count) bytes")
        }
      }
      var longer = original
      longer.files[file]?.append(0)
      let found = try? longer.contents()
      // Nobody looks at what follows the last tensor.
      #expect(file.contains(".data") ? found == contents : found == nil)
    }
  }

  @Test(arguments: ["sharded/three", "worked/sliced"])
  func `misses a file that is gone`(name: String) throws {
    let original = try BundleFiles(copying: fixture(name))
    for file in original.files.keys {
      var damaged = original
      damaged.files[file] = nil
      let found = try? damaged.contents()
      #expect(found != (try original.contents()))
    }
  }

  private static let mutated = [
    "object/nested-1", "slices/partitioned", "sharded/three", "strings/tensor_list",
    "slices/joinable_types", "worked/sliced", "names/odd", "snappy/size_64",
  ]

  // Wrong bytes behind right checksums: what a table says is taken at its word, and must still not
  // do harm. Such a file may be a whole bundle with other content.
  @Test(.timeLimit(.minutes(20)), arguments: mutated)
  func `survives entries that were changed and have right checksums`(name: String) throws {
    let original = try BundleFiles(copying: fixture(name))
    let table = try TableReader(MemoryFile(try #require(original.files["m.index"])))
    var entries: [(key: [UInt8], value: [UInt8])] = []
    try table.forEach { key, value throws(CheckpointError) in
      entries.append((Array(copying: key), Array(copying: value)))
    }
    var readable = 0
    for seed in 0..<UInt64(Self.isLong ? 50_000 : TestCases.count(1_500, sample: 300)) {
      var rng = SeededGenerator(seed: seed)
      var mutant = entries
      for _ in 0..<Int.random(in: 1...3, using: &rng) { Self.mutate(&mutant, &rng) }
      var damaged = original
      guard let index = try? Self.table(mutant) else { continue }
      damaged.files["m.index"] = index
      if (try? damaged.contents()) != nil { readable += 1 }
    }
    #expect(readable > 0)
  }

  // And without right checksums: an error or the same values.
  @Test(.timeLimit(.minutes(20)), arguments: mutated)
  func `finds random damage`(name: String) throws {
    let original = try BundleFiles(copying: fixture(name))
    let contents = try original.contents()
    let names = original.files.keys.sorted()
    for seed in 0..<UInt64(Self.isLong ? 20_000 : TestCases.count(500, sample: 100)) {
      var rng = SeededGenerator(seed: seed)
      var damaged = original
      let file = names.randomElement(using: &rng) ?? ""
      Self.mutate(&damaged.files[file, default: []], &rng)
      guard let found = try? damaged.contents() else { continue }
      #expect(found.isPart(of: contents), "\(file), seed \(seed)")
    }
  }

  private static func table(_ entries: [(key: [UInt8], value: [UInt8])]) throws(CheckpointError)
    -> [UInt8]
  {
    let sorted = entries.sorted { $0.key.lexicographicallyPrecedes($1.key) }
    return try TableWriter.bytes { writer throws(CheckpointError) in
      for (key, value) in sorted { try writer.add(key.span, value.span) }
    }
  }

  private static func mutate(
    _ entries: inout [(key: [UInt8], value: [UInt8])], _ rng: inout SeededGenerator
  ) {
    let index = entries.indices.randomElement(using: &rng) ?? 0
    switch Int.random(in: 0..<10, using: &rng) {
    case 0: mutate(&entries[index].key, &rng)
    case 1: entries[index].value = entries.randomElement(using: &rng)?.value ?? []
    case 2 where entries.count > 1: entries.remove(at: index)
    case 3: entries[index].value += entries.randomElement(using: &rng)?.value ?? []
    default: mutate(&entries[index].value, &rng)
    }
  }

  private static func mutate(_ bytes: inout [UInt8], _ rng: inout SeededGenerator) {
    let interesting: [UInt8] = [0, 1, 0x7F, 0x80, 0xFF, UInt8.random(in: 0...255, using: &rng)]
    guard let position = bytes.indices.randomElement(using: &rng) else { return }
    let byte = interesting.randomElement(using: &rng) ?? 0
    switch Int.random(in: 0..<6, using: &rng) {
    case 0: bytes[position] ^= 1 << UInt8.random(in: 0..<8, using: &rng)
    case 1: bytes.remove(at: position)
    case 2: bytes.insert(byte, at: position)
    case 3: bytes.removeLast(bytes.count - position)
    case 4:  // a number as large as there are
      let huge = [UInt8](repeating: 0xFF, count: Int.random(in: 1...9, using: &rng)) + [0x01]
      bytes.replaceSubrange(position...position, with: huge)
    default: bytes[position] = byte
    }
  }

  @Test func `damage of an index that was deleted meanwhile is told as that`() throws {
    let system = try BundleAssembler(StoredFields(checksum: maskedCRC([0, 1, 2, 3]))).system()
    let index = try system.openFile("/run/m.index")
    var bytes = try index.bytes(at: 0, count: Int(index.byteCount))
    bytes[0] ^= 1
    try system.removeFile("/run/m.index")
    try system.createFile("/run/m.index").write(unsafe bytes.span.bytes, at: 0)
    let deleting = InterceptingFileSystem(system) { _, call throws(CheckpointError) in
      if call.kind == .read, call.path == "/run/m.index" { try system.removeFile("/run/m.index") }
    }
    let error = #expect(throws: CheckpointError.self) {
      try BundleReader(prefix: "/run/m", fileSystem: deleting)
    }
    #expect(error?.description == "/run/m: this was deleted while it was being read (notFound)")
  }
}
