import CheckpointBundle
import CheckpointIO
import CheckpointTensors
import CheckpointTestSupport
import Checkpoints
import Foundation
import Testing

/// Proves that nobody may read a checkpoint who could not read the one that it replaces, whatever the names of its
/// files are.
@Suite struct PermissionTests {
  private let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  private func close(_ names: [String]) throws {
    for name in names {
      try FileManager.default.setAttributes(
        [.posixPermissions: 0o600], ofItemAtPath: directory.path(name))
    }
  }

  // Of all files, directories left out.
  private func permissions() throws -> [String: Int] {
    var found: [String: Int] = [:]
    for name in directory.names {
      let attributes = try FileManager.default.attributesOfItem(atPath: directory.path(name))
      guard attributes[.type] as? FileAttributeType == .typeRegular else { continue }
      found[name] = attributes[.posixPermissions] as? Int
    }
    return found
  }

  @discardableResult
  private func save(
    _ path: String, _ format: CheckpointFormat, _ sharding: SaveOptions.Sharding, _ value: Float
  ) throws -> String {
    var writer = try CheckpointWriter(
      to: path, options: SaveOptions(format: format, sharding: sharding))
    for key in ["a", "b"] as [TensorKey] {
      try writer.add(Tensor<Float>(repeating: value, shape: [8]), for: key)
    }
    try writer.finish()
    return writer.path
  }

  @Test(arguments: [
    (CheckpointFormat.v2, "m", SaveOptions.Sharding.count(2)), (.v1, "m", .none),

    (.safetensors, "m.safetensors", .none), (.modelDirectory, "model", .none),
    (.modelDirectory, "model", .maxBytes(32)),
  ])
  func `all files of a checkpoint that is saved once more`(
    format: CheckpointFormat, name: String, sharding: SaveOptions.Sharding
  ) throws {
    for value in 1...3 {
      let path = try save(directory.path(name), format, sharding, Float(value))
      let files = try permissions()
      #expect(!files.isEmpty)
      if value == 1 {
        #expect(!files.values.contains(0o600), "\(files)")
        try close(Array(files.keys))
      } else {
        #expect(Set(files.values) == [0o600], "\(files)")
      }
      let read = try Tensor<Float>(CheckpointReader(path).tensor(for: "b"))
      #expect(read.array == Array(repeating: Float(value), count: 8))
    }
  }

  @Test func `all files of a model that gets more of them`() throws {
    try save(directory.path("model"), .modelDirectory, .none, 1)
    try close(Array(permissions().keys))
    try save(directory.path("model"), .modelDirectory, .maxBytes(32), 2)
    let files = try permissions()
    #expect(files.count == 3 && Set(files.values) == [0o600], "\(files)")
  }

  @Test func `the index of a checkpoint whose tensors get other names`() throws {
    try save(directory.path("m"), .v2, .none, 1)
    try close(["m.index"])
    let data = try permissions()["m.data-00000-of-00001"]
    try CheckpointConversion.rename(["a": "c"], in: directory.path("m"))
    #expect(try permissions()["m.index"] == 0o600)
    #expect(try permissions()["m.data-00000-of-00001"] == data, "it is no new file")
  }
}
