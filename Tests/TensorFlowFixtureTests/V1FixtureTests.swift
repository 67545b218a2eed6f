import CheckpointIO
@testable import CheckpointSlices
import CheckpointStore
import CheckpointTensors
import CheckpointTestSupport
import CheckpointWire
import Foundation
import Testing

/// Proves that everything TensorFlow reads from V1 files is read here, value for value, and that they
/// are written as TensorFlow writes them.
@Suite struct V1FixtureTests {
  static let all = Fixture.list("v1_manifest.json")
  // All but the one that TensorFlow did not write.
  static let written = all.filter { $0.prefix != "v1/snappy" }

  @Test(arguments: all)
  func `lists what was saved`(fixture: Fixture) throws {
    let entries = try SlicesReader(path: fixture.path).entries()
    #expect(entries.map(\.key) == fixture.tensors.map(\.key))
    #expect(entries.map(\.spec.dtype.name) == fixture.tensors.map(\.dtype))
    #expect(entries.map(\.spec.shape.dimensions) == fixture.tensors.map(\.shape))
  }

  @Test(arguments: all)
  func `reads the values that TensorFlow reads`(fixture: Fixture) throws {
    let reader = try SlicesReader(path: fixture.path)
    for tensor in fixture.tensors {
      #expect(try reader.tensor(for: tensor.key).sha256 == tensor.sha256, "\(tensor.key)")
    }
  }

  @Test(arguments: all)
  func `reads the slices that TensorFlow reads`(fixture: Fixture) throws {
    let reader = try SlicesReader(path: fixture.path)
    for part in fixture.slices ?? [] {
      let slice = try TensorSlice.Part(part.slice ?? "").slice
      let tensor = try reader.tensor(for: part.key, slice: slice)
      #expect(tensor.spec.shape.dimensions == part.shape)
      #expect(tensor.sha256 == part.sha256, "\(part.key) \(slice)")
    }
  }

  @Test(arguments: written)
  func `writes the same bytes`(fixture: Fixture) throws {
    let directory = try TemporaryDirectory()
    let reader = try SlicesReader(path: fixture.path)
    let copy = directory.path("copy")
    let isSharded = SlicesPath(pattern: fixture.path) != nil
    var writer =
      isSharded
      ? try SlicesWriter(prefix: copy, shardCount: reader.shardCount)
      : try SlicesWriter(path: copy)
    for (shard, file) in reader.files.enumerated() {
      for tensor in file.meta.tensors {
        for slice in tensor.slices {
          let isWhole = slice == .all(rank: tensor.spec.shape.rank)
          let part =
            isWhole ? nil : try TensorSlice.Part(fullShape: tensor.spec.shape, slice: slice)
          let values = try reader.tensor(for: tensor.key, slice: part?.slice)
          try writer.add(values, for: tensor.key, part: part, shard: shard)
        }
      }
    }
    try writer.finish()
    let names = directory.names
    #expect(names.count == reader.files.count)
    for (name, file) in zip(names, reader.files) {
      let original = try Data(contentsOf: URL(fileURLWithPath: file.path))
      #expect(try directory.bytes(name) == Array(original), "\(name)")
    }
    #expect(try SlicesReader(path: writer.path).entries() == reader.entries())
  }

  @Test(arguments: all)
  func `is recognized`(fixture: Fixture) throws {
    #expect(try CheckpointFormat(at: fixture.path, LocalFileSystem()) == .v1)
  }

  @Test(arguments: Fixture.all)
  func `takes no index of V2 for a file of V1`(fixture: Fixture) throws {
    let index = fixture.path + ".index"
    #expect(try !SlicesReader.recognizes(LocalFileSystem().openFile(index)))
    let error = #expect(throws: CheckpointError.self) { try SlicesReader(path: index) }
    #expect(error?.code == .notACheckpoint)
  }
}
