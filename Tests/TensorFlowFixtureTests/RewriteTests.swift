@testable import CheckpointBundle
import CheckpointIO
import CheckpointTensors
import CheckpointTestSupport
import CheckpointWire
import Foundation
import Testing

/// Proves that files are written as TensorFlow writes them: what it wrote is read, and written
/// again with the same bytes.
@Suite struct RewriteTests {
  // Those that TensorFlow itself wrote in one save.
  static let written = Fixture.all.filter { fixture in
    ["worked/", "dtypes/", "strings/", "names/", "many/", "slices/", "object/"]
      .contains { fixture.prefix.hasPrefix($0) }
  }

  @Test(arguments: written)
  func `writes the same bytes`(fixture: Fixture) throws {
    let directory = try TemporaryDirectory()
    let copy = directory.path("copy")
    try Self.rewrite(fixture.path, to: copy)
    #expect(directory.names == ["copy.data-00000-of-00001", "copy.index"])
    for suffix in [".index", ".data-00000-of-00001"] {
      let original = try Data(contentsOf: URL(fileURLWithPath: fixture.path + suffix))
      #expect(try directory.bytes("copy" + suffix) == Array(original), "\(suffix)")
    }
  }

  /// Writes the tensors of a bundle of one data file again, in the order of that file.
  static func rewrite(_ prefix: String, to copy: String) throws {
    let reader = try BundleReader(prefix: prefix)
    var writer = try BundleWriter(prefix: copy)
    for stored in try storedBlocks(reader).sorted() {
      let tensor = try reader.tensor(for: stored.key, slice: stored.part?.slice)
      try writer.add(tensor, for: stored.key, part: stored.part)
    }
    try writer.finish()
  }

  private struct StoredBlock: Comparable {
    let range: ByteRange
    let key: TensorKey
    let part: TensorSlice.Part?

    static func < (left: StoredBlock, right: StoredBlock) -> Bool {
      // An empty tensor lies where the next one begins.
      (left.range.offset, left.range.count, left.key)
        < (right.range.offset, right.range.count, right.key)
    }
  }

  private static func storedBlocks(_ reader: BundleReader) throws -> [StoredBlock] {
    var blocks: [StoredBlock] = []
    for entry in try reader.entries() {
      if entry.slices.isEmpty {
        let stored = try #require(try reader.index.entry(for: entry.key))
        blocks.append(StoredBlock(range: stored.range, key: entry.key, part: nil))
      }
      for slice in entry.slices {
        let part = try TensorSlice.Part(fullShape: entry.spec.shape, slice: slice)
        let stored = try #require(try reader.index.entry(for: entry.key.sliceKey(slice)))
        blocks.append(StoredBlock(range: stored.range, key: entry.key, part: part))
      }
    }
    return blocks
  }
}
