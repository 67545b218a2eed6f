import CheckpointIO
import CheckpointTable
import CheckpointTestSupport
import Testing

/// Damage everywhere, one after the other.
@Suite struct DamagedTableTests {
  /// A small table of three blocks, with shared keys and several restarts.
  static func sample() throws -> (entries: [Entry], file: [UInt8]) {
    let entries = (0..<12).map { Entry("layer_\($0 / 10)\($0 % 10)/w", "value \($0)") }
    return (entries, try writeTable(entries, blockByteCount: 80, restartInterval: 2))
  }

  @Test(.timeLimit(.minutes(20)))
  func `finds every flipped bit but those that nobody reads`() throws {
    let (entries, file) = try Self.sample()
    let blocksEnd = file.count - 48
    var unnoticed = Set<Int>()
    for position in file.indices {
      for bit in 0..<8 {
        var damaged = file
        damaged[position] ^= 1 << bit
        guard let table = try? readTable(damaged), let found = try? table.entries() else {
          continue
        }
        #expect(found == entries, "byte \(position), bit \(bit)")
        for entry in entries {
          #expect(try table.value(for: entry.key) == entry.value, "byte \(position), bit \(bit)")
        }
        unnoticed.insert(position)
      }
    }
    // The metaindex with its trailer, its handle in the footer, and the padding.
    let index = try #require(Self.indexOffset(of: file))
    let unread = Set((index - 13)..<index).union(blocksEnd..<(file.count - 8))
    #expect(unnoticed.isSubset(of: unread))
  }

  // The third number of the footer.
  static func indexOffset(of file: [UInt8]) -> Int? {
    let footer = Array(file.suffix(48))
    var reader = ByteReader(footer.span)
    do throws(CheckpointError) {
      _ = (try reader.readVarint(), try reader.readVarint())
      return Int(try reader.readVarint())
    } catch {
      return nil
    }
  }

  @Test(.timeLimit(.minutes(20))) func `refuses a table cut short anywhere`() throws {
    let (_, file) = try Self.sample()
    for count in file.indices {
      #expect(problem(Array(file.prefix(count))) != nil, "\(count) bytes")
      #expect(problem(Array(file.dropFirst(count + 1))) != nil, "without \(count + 1) bytes")
    }
  }

  // Checksums that are right let damage through to the parsers.
  @Test(.timeLimit(.minutes(20))) func `gives entries in order or an error for random blocks`()
    throws
  {
    for seed in 0..<4_000 as Range<UInt64> {
      var rng = SeededGenerator(seed: seed)
      var data = block(
        [
          StoredEntry("alpha"), StoredEntry(shared: 2, "x"), StoredEntry("beta"),
          StoredEntry(shared: 4, "s"),
        ], restarts: [0, 14])
      for _ in 0..<Int.random(in: 1...3, using: &rng) {
        let value = [0, 1, 4, 0x7F, 0x80, 0xFF, UInt8.random(in: 0...255, using: &rng)]
        data[Int.random(in: 0..<data.count, using: &rng)] = value.randomElement(using: &rng) ?? 0
      }
      let isCompressed = Bool.random(using: &rng)
      let file = table(isCompressed ? snappy(data) : data, type: isCompressed ? 1 : 0)
      guard let reader = try? readTable(file), let entries = try? reader.entries() else { continue }
      for (a, b) in zip(entries, entries.dropFirst()) {
        #expect(a.key.lexicographicallyPrecedes(b.key), "seed \(seed)")
      }
      for entry in entries {
        #expect(try reader.value(for: entry.key) == entry.value, "seed \(seed)")
      }
    }
  }

  @Test(.timeLimit(.minutes(20))) func `gives entries or an error for random indexes`() throws {
    let (_, file) = try Self.sample()
    let start = try #require(Self.indexOffset(of: file))
    let size = file.count - 48 - 5 - start
    for seed in 0..<4_000 as Range<UInt64> {
      var rng = SeededGenerator(seed: seed)
      var index = Array(file[start..<(start + size)])
      for _ in 0..<Int.random(in: 1...3, using: &rng) {
        let value = [0, 1, 0x7F, 0x80, 0xFF, UInt8.random(in: 0...255, using: &rng)]
        index[Int.random(in: 0..<size, using: &rng)] = value.randomElement(using: &rng) ?? 0
      }
      let trailer = ByteWriter.trailer(of: index)
      let damaged = Array(file[..<start]) + index + trailer + Array(file.suffix(48))
      guard let entries = try? readTable(damaged).entries() else { continue }
      for (a, b) in zip(entries, entries.dropFirst()) {
        #expect(a.key.lexicographicallyPrecedes(b.key), "seed \(seed)")
      }
    }
  }
}

extension ByteWriter {
  fileprivate static func trailer(of block: [UInt8]) -> [UInt8] {
    var output = ByteWriter()
    output.write(byte: 0)
    unsafe output.write(CRC32C(of: (block + [0]).span.bytes).masked)
    return output.bytes
  }
}
